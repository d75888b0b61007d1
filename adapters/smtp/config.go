package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"
)

// Config says which server takes the mail and in whose name it is sent.
type Config struct {
	// URL is smtp://[user:password@]host[:port] for STARTTLS (RFC 3207; port 587 unless told) or
	// smtps://… for TLS from the first byte (RFC 8314 §3.3; port 465 unless told).
	URL string
	// From is the sender as RFC 5322 writes a mailbox: "Example <no-reply@example.com>".
	From string
	// RequireTLS refuses a server that offers no STARTTLS. Without it such a server is used in the clear,
	// but never with credentials.
	RequireTLS bool
	// Hello is how the client names itself (RFC 5321 §4.1.1.1); the domain of From when empty, because a
	// container's host name is often no name that a server accepts.
	Hello string
	// Timeout bounds one attempt from dialling to the server's last reply; 25 s when zero.
	Timeout time.Duration
	// RootCAs are whom the server's certificate has to come from; those of the system when nil.
	RootCAs *x509.CertPool
}

// defaultTimeout is less than a courier gives one attempt, so that the error is the more telling one.
const defaultTimeout = 25 * time.Second

// server is a Config that was read.
type server struct {
	host, address  string
	implicitTLS    bool
	requireTLS     bool
	tls            *tls.Config
	user, password string
	hello          string
	from           *netmail.Address
	domain         string
	timeout        time.Duration
}

// errURL does not wrap the cause, which would repeat the URL and the password in it.
var errURL = errors.New("smtp: the URL must be smtp://[user:password@]host[:port] or smtps://…")

func (c Config) read() (*server, error) {
	target, err := url.Parse(c.URL)
	if err != nil {
		return nil, errURL
	}
	if target.Hostname() == "" || strings.Trim(target.Path, "/") != "" || target.RawQuery != "" || target.Fragment != "" {
		return nil, errURL
	}
	port, known := map[string]string{"smtp": "587", "smtps": "465"}[target.Scheme]
	if !known {
		return nil, errURL
	}
	if target.Port() != "" {
		port = target.Port()
	}
	s := &server{
		host: target.Hostname(), address: net.JoinHostPort(target.Hostname(), port),
		implicitTLS: target.Scheme == "smtps", user: target.User.Username(), hello: c.Hello, timeout: c.Timeout,
	}
	s.password, _ = target.User.Password()
	s.requireTLS = c.RequireTLS || s.user != ""
	s.tls = &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs}
	if s.timeout <= 0 {
		s.timeout = defaultTimeout
	}
	err = s.readFrom(c.From)
	return s, err
}

func (s *server) readFrom(text string) (err error) {
	if s.from, err = netmail.ParseAddress(text); err != nil {
		return fmt.Errorf("smtp: the sender is not an address: %w", err)
	}
	if !ascii(s.from.Address) {
		return errors.New("smtp: the sender's address must be ASCII, with its domain in Punycode")
	}
	s.domain = s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:]
	if s.hello == "" {
		s.hello = s.domain
	}
	return nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
