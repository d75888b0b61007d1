package valkey

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	valkeygo "github.com/valkey-io/valkey-go"
)

// The ports that hosts without one get.
const (
	defaultPort         = "6379"
	defaultSentinelPort = "26379"
)

// errURL begins every complaint about a URL. None quotes the URL, which may hold a password.
var errURL = errors.New("valkey: the URL is not usable")

// parseURL reads where Valkey is, as Settings.URL has it:
//
//	redis://user:password@host:6379/0
//	rediss://host-a:6379,host-b:6379
//	valkey://sentinel-a,sentinel-b/0?master=main
//
// TLS is 1.2 at least (OWASP ASVS 5.0 12.1.1). One host names the certificate of all nodes that it leads to;
// several hosts are each verified by their own name.
func parseURL(text string) (valkeygo.ClientOption, error) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return valkeygo.ClientOption{}, fmt.Errorf("%w: it has no scheme", errURL)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	at := strings.LastIndexByte(authority, '@')
	// net/url takes one host, so the hosts are read here and it gets a placeholder.
	parsed, err := url.Parse(scheme + "://" + authority[:at+1] + "hosts" + tail)
	if err != nil {
		return valkeygo.ClientOption{}, fmt.Errorf("%w: it is malformed", errURL)
	}
	option := valkeygo.ClientOption{Username: parsed.User.Username()}
	option.Password, _ = parsed.User.Password()
	if err := readQuery(&option, parsed.RawQuery); err != nil {
		return valkeygo.ClientOption{}, err
	}
	if option.InitAddress, err = readHosts(authority[at+1:], option.Sentinel.MasterSet != ""); err != nil {
		return valkeygo.ClientOption{}, err
	}
	if err := readDatabase(&option, parsed.Path); err != nil {
		return valkeygo.ClientOption{}, err
	}
	err = useScheme(&option, parsed.Scheme)
	return option, err
}

func readQuery(option *valkeygo.ClientOption, raw string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return fmt.Errorf("%w: its query is malformed", errURL)
	}
	for name := range query {
		switch name {
		case "master":
			option.Sentinel.MasterSet = query.Get(name)
		case "sentinel_user":
			option.Sentinel.Username = query.Get(name)
		case "sentinel_password":
			option.Sentinel.Password = query.Get(name)
		default:
			return fmt.Errorf("%w: %q is not a setting of it", errURL, name)
		}
	}
	if option.Sentinel.MasterSet == "" && len(query) > 0 {
		return fmt.Errorf("%w: sentinels need the name of the master", errURL)
	}
	return nil
}

func readHosts(list string, sentinel bool) ([]string, error) {
	port := defaultPort
	if sentinel {
		port = defaultSentinelPort
	}
	var addresses []string
	for text := range strings.SplitSeq(list, ",") {
		parsed, err := url.Parse("tcp://" + text)
		if err != nil || parsed.Hostname() == "" || parsed.Host != text {
			return nil, fmt.Errorf("%w: a host is missing or malformed", errURL)
		}
		own := parsed.Port()
		if own == "" {
			own = port
		}
		addresses = append(addresses, net.JoinHostPort(parsed.Hostname(), own))
	}
	return addresses, nil
}

func readDatabase(option *valkeygo.ClientOption, path string) error {
	name := strings.TrimPrefix(path, "/")
	if name == "" {
		return nil
	}
	number, err := strconv.ParseUint(name, 10, 16)
	if err != nil {
		return fmt.Errorf("%w: the database is not a number", errURL)
	}
	option.SelectDB = int(number)
	if number > 0 && len(option.InitAddress) > 1 && option.Sentinel.MasterSet == "" {
		return fmt.Errorf("%w: a cluster has no databases but 0", errURL)
	}
	return nil
}

func useScheme(option *valkeygo.ClientOption, scheme string) error {
	switch scheme {
	case "redis", "valkey":
		return nil
	case "rediss", "valkeys":
	default:
		return fmt.Errorf("%w: the scheme is none of redis, rediss, valkey and valkeys", errURL)
	}
	option.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if len(option.InitAddress) == 1 {
		host, _, err := net.SplitHostPort(option.InitAddress[0])
		if err != nil {
			return fmt.Errorf("%w: a host is malformed", errURL)
		}
		option.TLSConfig.ServerName = host
	}
	if option.Sentinel.MasterSet != "" {
		option.TLSConfig.ServerName = "" // a sentinel's certificate is not the master's
		option.Sentinel.TLSConfig = option.TLSConfig.Clone()
	}
	return nil
}
