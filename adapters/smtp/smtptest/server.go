// Package smtptest is a real SMTP server for tests, on a TCP port of the loopback interface: it keeps
// what it is sent and can be told to stop, to freeze, to refuse, and to lose a reply.
package smtptest

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	gosmtp "github.com/emersion/go-smtp"
)

// Mode is how the server secures its connections.
type Mode uint8

// The modes.
const (
	Plain    Mode = iota // in the clear, no STARTTLS
	STARTTLS             // in the clear until STARTTLS (RFC 3207)
	Implicit             // TLS from the first byte (RFC 8314)
)

// Options are what a server is made with. The zero value takes mail from anybody in the clear.
type Options struct {
	Mode Mode
	// User and Password are asked for when User is set.
	User, Password string
	// Mechanisms are the SASL mechanisms to offer, of PLAIN and LOGIN; PLAIN when empty. Others can be
	// offered, but fail.
	Mechanisms []string
	// International makes the server take addresses that are not ASCII (SMTPUTF8).
	International bool
}

// Server is a running server. Safe for concurrent use.
type Server struct {
	t       testing.TB
	options Options
	tls     *tls.Config
	roots   *x509.CertPool
	caFile  string
	gate    *gate

	mu       sync.Mutex
	address  string
	open     *door // nil while stopped
	messages []Message
	changed  chan struct{} // closed and replaced at every message
	refusals map[Stage]Reply
	losses   int
}

// Start starts a server that stops with the test.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	s := &Server{
		t: t, options: options, address: "127.0.0.1:0", gate: newGate(), changed: make(chan struct{}),
		refusals: map[Stage]Reply{},
	}
	authority := newAuthority(t)
	s.tls, s.roots = authority.server, authority.roots
	s.caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(s.caFile, authority.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	t.Cleanup(s.Stop)
	return s
}

// URL is the server's address with its credentials, as SMTP_URL takes it.
func (s *Server) URL() string {
	s.mu.Lock()
	target := url.URL{Scheme: "smtp", Host: s.address}
	s.mu.Unlock()
	if s.options.Mode == Implicit {
		target.Scheme = "smtps"
	}
	if s.options.User != "" {
		target.User = url.UserPassword(s.options.User, s.options.Password)
	}
	return target.String()
}

// RootCAs is the authority of the server's certificate, which is good for 127.0.0.1 and localhost.
func (s *Server) RootCAs() *x509.CertPool { return s.roots }

// CAFile is a PEM file with that authority, for programs that are given SSL_CERT_FILE.
func (s *Server) CAFile() string { return s.caFile }

// Stop closes the port and all connections at once, as a server that dies does. What was captured is
// kept. Stopping a stopped server does nothing.
func (s *Server) Stop() {
	s.mu.Lock()
	open := s.open
	s.open = nil
	s.mu.Unlock()
	if open != nil {
		_ = open.Close()
	}
}

// Restart opens the same port again after Stop.
func (s *Server) Restart() {
	s.t.Helper()
	s.mu.Lock()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		s.mu.Unlock()
		s.t.Fatal(err)
	}
	opened := newDoor(listener, s.gate)
	s.address, s.open = listener.Addr().String(), opened
	s.mu.Unlock()
	server := gosmtp.NewServer(gosmtp.BackendFunc(s.begin))
	server.Domain = "smtptest.example"
	server.EnableSMTPUTF8 = s.options.International
	server.AllowInsecureAuth = true // offering is not taking: clients are tested for keeping their secrets
	server.ErrorLog = log.New(io.Discard, "", 0)
	listener = opened
	switch s.options.Mode {
	case Implicit:
		listener = tls.NewListener(opened, s.tls)
	case STARTTLS:
		server.TLSConfig = s.tls
	case Plain:
	}
	go func() { _ = server.Serve(listener) }()
}

// Freeze stops every answer, greetings included, without closing anything, as a stuck server does.
func (s *Server) Freeze() { s.gate.shut() }

// Thaw lets the answers out that Freeze held back.
func (s *Server) Thaw() { s.gate.open() }
