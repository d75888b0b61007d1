package valkey_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/valkey"
	"github.com/doorward/doorward/adapters/valkey/valkeytest"
)

func TestNewLinkReadsURLs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		url  string
		good bool
	}{
		"one server":                  {"redis://localhost:6379/0", true},
		"no port":                     {"valkey://cache", true},
		"TLS":                         {"rediss://user:secret@cache.example.com:6380/2", true},
		"TLS by the other name":       {"valkeys://:secret@cache.example.com", true},
		"IPv6":                        {"redis://[::1]:6379", true},
		"a cluster":                   {"redis://a:7000,b:7001,c", true},
		"a password with an at":       {"redis://user:se%40cret@a,b", true},
		"sentinels":                   {"redis://:secret@s1,s2:26380/3?master=main&sentinel_password=secret", true},
		"no scheme":                   {"localhost:6379", false},
		"another scheme":              {"http://localhost", false},
		"no host":                     {"redis:///0", false},
		"an empty host":               {"redis://a,,b", false},
		"a port without a host":       {"redis://:6379", false},
		"a port out of bounds":        {"redis://a:http", false},
		"a database by name":          {"redis://a/main", false},
		"a negative database":         {"redis://a/-1", false},
		"a cluster's database":        {"redis://a,b/1", false},
		"an unknown setting":          {"redis://a?mastr=main", false},
		"certificates unchecked":      {"rediss://a?skip_verify=true", false},
		"a sentinel's password alone": {"redis://a?sentinel_password=secret", false},
		"control characters":          {"redis://user:secret@a\x00b/", false},
		"a malformed query":           {"redis://:secret@a?master=%zz", false},
		"a malformed password":        {"redis://:secret%zz@a", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := valkey.NewLink(valkey.Config{URL: test.url})
			if (err == nil) != test.good {
				t.Errorf("error %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error quotes the password: %v", err)
			}
		})
	}
}

// With rediss the server has to prove who it is before it is told anything.
func TestLinkVerifiesCertificates(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewTLSServer(nil)
	t.Cleanup(stranger.Close)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: stranger.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	shaken := make(chan error, 1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err == nil {
				err = conn.(*tls.Conn).HandshakeContext(t.Context())
			}
			if !errors.Is(err, io.EOF) { // on a busy machine the client may give up before
				shaken <- err
				return
			}
		}
	}()
	valkeytest.Replica(t, valkey.Config{URL: "rediss://:secret@" + listener.Addr().String()}, valkeytest.NewPrimary(), nil)
	if err := <-shaken; err == nil || !strings.Contains(err.Error(), "bad certificate") {
		t.Errorf("the server was told %v", err)
	}
}

func FuzzNewLink(f *testing.F) {
	for _, seed := range []string{"redis://a:1,b:2/0", "rediss://u:p@[::1]?master=m", "valkey://@,", "redis://a?%", "://"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		link, err := valkey.NewLink(valkey.Config{URL: text})
		if (link == nil) == (err == nil) {
			t.Errorf("link %v, error %v", link, err)
		}
	})
}

// record is a log that may be read while it is written.
type record struct {
	mu   sync.Mutex
	text strings.Builder
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

// A start takes two seconds to trust a Valkey that answers; that alone is worth no warning, unless it lasts.
func TestWhatIsNotWorthAWarning(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers, ever bool
		up            time.Duration
		want          bool
	}{
		"just started":                  {true, false, 0, true},
		"about to be trusted":           {true, false, 2 * time.Second, true},
		"does not come to be trusted":   {true, false, 3 * time.Second, false},
		"does not answer":               {false, false, 0, false},
		"was trusted, and is no longer": {true, true, 0, false},
	} {
		if got := valkey.Settling(test.answers, test.ever, test.up); got != test.want {
			t.Errorf("%s: settling is %t", name, got)
		}
	}
}

func TestLinkDoesWithoutItsServer(t *testing.T) {
	t.Parallel()
	proxy := valkeytest.NewProxy(t, valkeytest.Address(t))
	proxy.Cut()
	primary := valkeytest.NewPrimary()
	opened := primary.Open()
	var log record
	sessions, link := valkeytest.Replica(t, valkey.Config{
		URL: proxy.URL(), Prefix: valkeytest.Prefix(), Log: slog.New(slog.NewTextHandler(&log, nil)),
	}, primary, nil)

	if _, err := sessions.Session(t.Context(), opened.ID); err != nil {
		t.Errorf("looking up without Valkey: %v", err)
	}
	valkeytest.Eventually(t, "the link says that it cannot connect", func() bool {
		return strings.Contains(link.Status().Reason, "connect")
	})
	if since := link.Status().Since; !link.Status().Degraded || since.IsZero() {
		t.Errorf("status %+v", link.Status())
	}
	proxy.Mend()
	valkeytest.Trusted(t, link)
	if link.Status().Reason != "" {
		t.Errorf("trusted, and yet %+v", link.Status())
	}
	told := log.String()
	if warned, calmed := strings.Index(told, "level=WARN"), strings.Index(told, "is trusted,"); warned < 0 || calmed < warned {
		t.Errorf("the log says\n%s", told)
	}
}

func TestLinkStops(t *testing.T) {
	t.Parallel()
	primary := valkeytest.NewPrimary()
	opened := primary.Open()
	link, err := valkey.NewLink(valkey.Config{URL: valkeytest.URL(t), Prefix: valkeytest.Prefix()})
	if err != nil {
		t.Fatal(err)
	}
	sessions := valkey.NewSessions(link, primary, nil)
	if err := link.Stop(t.Context()); err != nil {
		t.Errorf("stopping what was never started: %v", err)
	}
	if err := link.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	valkeytest.Trusted(t, link)
	warm(t, sessions, primary, opened.ID)
	if err := link.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !link.Status().Degraded {
		t.Error("a stopped link calls itself well")
	}
	change := primary.End(opened.ID)
	if err := sessions.Publish(t.Context(), change); err == nil {
		t.Error("a stopped link published")
	}
	if found, err := sessions.Session(t.Context(), opened.ID); err != nil || found.EndedAt.IsZero() {
		t.Errorf("after the stop: %+v, %v", found, err)
	}
}

func TestStopDoesNotWaitForAFrozenServer(t *testing.T) {
	t.Parallel()
	proxy := valkeytest.NewProxy(t, valkeytest.Address(t))
	proxy.Freeze()
	link, err := valkey.NewLink(valkey.Config{URL: proxy.URL(), Prefix: valkeytest.Prefix()})
	if err != nil {
		t.Fatal(err)
	}
	if err := link.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := link.Stop(over); err == nil {
		t.Error("it stopped before it could")
	}
	if err := link.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
