package config

import (
	"net/url"
	"slices"
	"strings"
)

// peer is what a URL says of another server. Where it names several hosts they are one server in parts.
type peer struct {
	*url.URL
	hosts []string
}

// readPeer reads scheme://[user[:password]@]host[:port][,host[:port]…][/path][?query]. The net/url package
// takes one host, so each is read by itself.
func readPeer(text string) (read peer, ok bool) {
	scheme, rest, found := strings.Cut(text, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@') + 1
	for host := range strings.SplitSeq(rest[at:end], ",") {
		parsed, err := url.Parse(scheme + "://" + rest[:at] + host + rest[end:])
		if err != nil {
			return peer{}, false
		}
		read.URL, read.hosts = parsed, append(read.hosts, parsed.Hostname())
	}
	return read, found
}

// readDatabase is readPeer with the hosts that PostgreSQL's clients would take: those of the query go first.
func readDatabase(text string) (read peer, ok bool) {
	read, ok = readPeer(text)
	if ok && read.Query().Has("host") {
		read.hosts = strings.Split(read.Query().Get("host"), ",")
	}
	return read, ok
}

// database is the name that PostgreSQL's clients would take: that of the query goes first.
func (p peer) database() string {
	query := p.Query()
	for _, key := range []string{"database", "dbname"} {
		if query.Has(key) {
			return query.Get(key)
		}
	}
	return strings.TrimLeft(p.Path, "/")
}

// local reports whether all that is said there stays on this machine.
func (p peer) local() bool {
	return !slices.ContainsFunc(p.hosts, func(host string) bool {
		return host != "localhost" && host != "127.0.0.1" && host != "::1" && host != "" && !strings.HasPrefix(host, "/")
	})
}

// named reports whether every part has a host.
func (p peer) named() bool { return !slices.Contains(p.hosts, "") }
