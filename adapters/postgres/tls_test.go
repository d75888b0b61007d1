package postgres_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
)

// impostor is a server that speaks TLS as PostgreSQL does, with the certificate of Go's test servers, which is for
// example.com and 127.0.0.1. It tells what its first client sent under TLS, or what that client had against it.
type impostor struct {
	port string
	root string // a file with its certificate
	said chan error
}

func newImpostor(t *testing.T) impostor {
	t.Helper()
	stranger := httptest.NewTLSServer(nil)
	t.Cleanup(stranger.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	coretest.Must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	root := filepath.Join(t.TempDir(), "root.pem")
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: stranger.Certificate().Raw})
	coretest.Must(t, os.WriteFile(root, encoded, 0o600))
	_, port, err := net.SplitHostPort(listener.Addr().String())
	coretest.Must(t, err)
	made := impostor{port: port, root: root, said: make(chan error, 1)}
	go func() { made.said <- hear(listener, stranger.TLS.Certificates) }()
	return made
}

// hear answers one client: nil when it went on after the handshake.
func hear(listener net.Listener, certificates []tls.Certificate) error {
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	request := make([]byte, 8) // SSLRequest (PostgreSQL manual, 55.7)
	if _, err := io.ReadFull(conn, request); err != nil {
		return err
	}
	if _, err := conn.Write([]byte{'S'}); err != nil {
		return err
	}
	_, err = io.ReadFull(tls.Server(conn, &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12}), request)
	return err
}

// With verify-full, which production asks for, no word of the password goes to a server whose certificate is of an
// unknown authority or another name (OWASP ASVS 5.0 12.3.2).
func TestCertificatesAreVerified(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		host    string
		trusted bool
		refused bool
	}{
		"unknown authority": {"127.0.0.1", false, true},
		"another name":      {"localhost", true, true},
		"the right one":     {"127.0.0.1", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newImpostor(t)
			address := "postgres://doorward:canary@" + net.JoinHostPort(test.host, server.port) + "/accounts?sslmode=verify-full"
			if test.trusted {
				address += "&sslrootcert=" + server.root
			}
			db, err := postgres.Open(t.Context(), postgres.Config{URL: address, MaxConns: 1})
			coretest.Must(t, err)
			t.Cleanup(db.Close)
			err = db.Ping(t.Context())
			if core.AsError(err).Kind != core.KindUnavailable || strings.Contains(err.Error(), "canary") {
				t.Errorf("pinged: %v", err)
			}
			said := <-server.said
			if (said != nil) != test.refused {
				t.Errorf("the server heard %v", said)
			}
			var authority x509.UnknownAuthorityError
			var host x509.HostnameError
			if test.refused && !errors.As(err, &authority) && !errors.As(err, &host) {
				t.Errorf("refused for another reason: %v", err)
			}
		})
	}
}
