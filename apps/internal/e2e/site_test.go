package e2e_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/adapters/smtp/smtptest"
	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/api/specguard"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core/secret"
)

// site is one deployment of a test: its settings, its servers, and the mails that it sends.
type site struct {
	t         *testing.T
	variables map[string]string
	letters   letters
	log       *record
	http      *http.Client
}

// record is a log that may be read while it is written.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(line)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// eachWay runs a test in both ways to run, side by side.
func eachWay(t *testing.T, test func(t *testing.T, s *site), pairs ...string) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, embedded(t, pairs...))
	})
	t.Run("production shape", func(t *testing.T) {
		t.Parallel()
		test(t, distributed(t, pairs...))
	})
}

// common are the settings of all tests: hashes that cost next to nothing, no limits, as all of them call from one
// address, and every line of the log.
func common(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"DATA_DIR": t.TempDir(), "PORT": "0", "LOG_LEVEL": "debug", "LOG_FORMAT": "json",
		"ARGON2_MEMORY_KIB": "64", "ARGON2_TIME": "1", "HASH_WORKERS": "4", "RATE_LIMITS": "off",
	}
}

// embedded is the default that a newcomer starts, with nothing beside it.
func embedded(t *testing.T, pairs ...string) *site {
	t.Helper()
	s := newSite(t, common(t), pairs)
	s.letters = &devMailbox{}
	return s
}

// distributed has PostgreSQL, Valkey and an SMTP server, and bears any number of servers.
func distributed(t *testing.T, pairs ...string) *site {
	t.Helper()
	post := smtptest.Start(t, smtptest.Options{})
	variables := common(t)
	maps.Copy(variables, map[string]string{
		"DATABASE_URL": postgrestest.URL(t), "VALKEY_URL": valkeyURL(t), "VALKEY_PREFIX": rand.Text(),
		"SMTP_URL": post.URL(), "MASTER_KEYS": secret.GenerateKey("test"),
		// Replicas share an issuer, whatever their ports are.
		"APP_URL": "http://accounts.example.com", "DATABASE_MAX_CONNS": "8",
	})
	s := newSite(t, variables, pairs)
	s.letters = &smtpLetters{server: post}
	return s
}

// valkeyURL is the server that all tests share. Its absence is a failure: nothing is skipped silently.
func valkeyURL(t *testing.T) string {
	t.Helper()
	address := os.Getenv("TEST_VALKEY_URL")
	if address == "" {
		t.Fatal("TEST_VALKEY_URL is not set; run ./test.sh, which starts a server")
	}
	return address
}

func newSite(t *testing.T, variables map[string]string, pairs []string) *site {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		variables[pairs[i]] = pairs[i+1]
	}
	s := &site{t: t, variables: variables, log: &record{}}
	guard, err := specguard.New(&http.Transport{MaxIdleConnsPerHost: 64}, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	s.http = &http.Client{Transport: guard, Timeout: 30 * time.Second}
	t.Cleanup(func() {
		s.http.CloseIdleConnections()
		if t.Failed() {
			t.Log(tail(s.log.String(), 60))
		}
	})
	return s
}

func tail(text string, lines int) string {
	all := strings.Split(text, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// settings are the site's, changed by pairs for one server.
func (s *site) settings(pairs ...string) config.Settings {
	s.t.Helper()
	variables := maps.Clone(s.variables)
	for i := 0; i < len(pairs); i += 2 {
		variables[pairs[i]] = pairs[i+1]
	}
	settings, err := config.Parse(variables)
	if err != nil {
		s.t.Fatal(err)
	}
	return settings
}

// node is one server of a site.
type node struct {
	site    *site
	address string
	admin   string // of the private listener, where there is one
	stop    func() error
}

// start brings a server of the site up, and reads the site's mails from there. It goes down with the test.
func (s *site) start(pairs ...string) *node {
	s.t.Helper()
	n := s.launch(pairs...)
	s.reads(n)
	return n
}

// launch is start for servers that come up side by side.
func (s *site) launch(pairs ...string) *node {
	s.t.Helper()
	server, err := wire.NewServer(s.settings(pairs...), s.log)
	if err != nil {
		s.t.Error(err)
		return nil
	}
	if err := server.Start(s.t.Context()); err != nil {
		s.t.Error(err)
		return nil
	}
	n := &node{site: s, address: server.URL(), admin: server.AdminURL(), stop: sync.OnceValue(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		return server.Stop(ctx)
	})}
	s.t.Cleanup(func() {
		s.http.CloseIdleConnections()
		if err := n.stop(); err != nil {
			s.t.Errorf("stop: %v", err)
		}
	})
	return n
}

// reads makes the site read its mails from the server, where it keeps them.
func (s *site) reads(n *node) {
	s.t.Helper()
	if n == nil {
		s.t.FailNow()
	}
	if box, ok := s.letters.(*devMailbox); ok {
		box.at = n.stranger()
	}
}

// stranger is a client of the server who is not signed in.
func (n *node) stranger() *client.ClientWithResponses { return n.site.clientAt(n.address, nil) }

func (s *site) clientAt(address string, token func() string) *client.ClientWithResponses {
	s.t.Helper()
	options := []client.ClientOption{client.WithHTTPClient(s.http)}
	if token != nil {
		options = append(options, client.WithToken(token))
	}
	made, err := client.NewClientWithResponses(address, options...)
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

// must fails the test unless the call went through and was answered with the status.
func must[R client.Reply](t *testing.T, want int) func(reply R, err error) R {
	t.Helper()
	return func(reply R, err error) R {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if reply.StatusCode() != want {
			t.Fatalf("answered %d, want %d: %v", reply.StatusCode(), want, client.Failure(reply))
		}
		return reply
	}
}

// mustFail fails the test unless the call was answered with the code.
func mustFail[R client.Reply](t *testing.T, want client.ProblemCode) func(reply R, err error) client.Problem {
	t.Helper()
	return func(reply R, err error) client.Problem {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var failure *client.Error
		if !errors.As(client.Failure(reply), &failure) || failure.Code != want {
			t.Fatalf("answered %d %v, want %s", reply.StatusCode(), client.Failure(reply), want)
		}
		return failure.Problem
	}
}

// patience is how long what must come may take on a machine under load.
const patience = 30 * time.Second

// eventually asks until the condition holds: for states that nothing tells of.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for beat := time.NewTicker(5 * time.Millisecond); !holds(); {
		select {
		case <-beat.C:
		case <-ctx.Done():
			beat.Stop()
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// filesBelow reads every file of a folder.
func filesBelow(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	paths, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		contents, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = contents
	}
	return files
}
