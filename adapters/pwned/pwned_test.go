package pwned_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/pwned"
	"github.com/doorward/doorward/core/credential"
)

// leaked is a password that the services of these tests know and the embedded list does not.
const leaked = "vexed quartz jukebox"

// meter counts results.
type meter struct {
	mu      sync.Mutex
	results map[string]int
}

func (m *meter) RangeAsked(result string, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.results[result]++
}

func (m *meter) count(result string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.results[result]
}

// bench is a list that asks a service, and what it told.
type bench struct {
	*pwned.List
	t     *testing.T
	meter *meter
	log   *bytes.Buffer
}

func newBench(t *testing.T, address string, timeout time.Duration) *bench {
	t.Helper()
	b := &bench{t: t, meter: &meter{results: map[string]int{}}, log: &bytes.Buffer{}}
	list, err := pwned.New(pwned.Deps{
		Local: credential.CommonPasswords{}, Observer: b.meter, Log: slog.New(slog.NewJSONHandler(b.log, nil)),
	}, pwned.Config{URL: address, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(list.Close)
	b.List = list
	return b
}

func (b *bench) contains(password string) bool {
	b.t.Helper()
	found, err := b.Contains(b.t.Context(), password)
	if err != nil {
		b.t.Errorf("%q: %v", password, err)
	}
	return found
}

// digits is the hash of a password as the protocol writes it.
func digits(password string) string {
	sum := sha1.Sum([]byte(password))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// service answers every question with these texts.
func service(t *testing.T, reply func(w http.ResponseWriter, r *http.Request)) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(reply))
	t.Cleanup(server.Close)
	return server
}

// answering gives a reply that holds the leaked password, between others.
func answering(w http.ResponseWriter, r *http.Request) {
	prefix := digits(leaked)[:5]
	if !strings.HasSuffix(r.URL.Path, "/"+prefix) {
		prefix = ""
	}
	for i := range 900 {
		fmt.Fprintf(w, "%s:%d\r\n", digits(fmt.Sprint(i))[5:], i%7)
	}
	if prefix != "" {
		fmt.Fprintf(w, "%s:3\r\n", digits(leaked)[5:])
	}
	fmt.Fprint(w, strings.Repeat("0", 35)+":0")
}

func TestListedAndUnlisted(t *testing.T) {
	t.Parallel()
	b := newBench(t, service(t, answering).URL+"/range/", 0)
	if !b.contains(leaked) || b.contains("vexed quartz jukeboxes") {
		t.Error("the wrong password is listed")
	}
	if b.meter.count(pwned.Listed) != 1 || b.meter.count(pwned.Unlisted) != 1 || b.log.Len() != 0 {
		t.Errorf("counted %v, logged %s", b.meter.results, b.log)
	}
}

// TestTheServiceLearnsFiveDigits looks at the question as it arrives.
func TestTheServiceLearnsFiveDigits(t *testing.T) {
	t.Parallel()
	var question string
	server := service(t, func(w http.ResponseWriter, r *http.Request) {
		var text bytes.Buffer
		if err := r.Write(&text); err != nil {
			t.Error(err)
		}
		question = text.String()
		answering(w, r)
	})
	newBench(t, server.URL+"/range", 0).contains(leaked)
	want := "GET /range/" + digits(leaked)[:5] + " HTTP/1.1\r\n"
	if !strings.HasPrefix(question, want) || !strings.Contains(question, "Add-Padding: true\r\n") || !strings.HasSuffix(question, "\r\n\r\n") {
		t.Errorf("asked %q", question)
	}
	if strings.Contains(question, digits(leaked)[:6]) || strings.Contains(question, "Cookie") || strings.Contains(question, "Referer") {
		t.Errorf("too much is told: %q", question)
	}
}

// TestPaddingIsNoEntry takes a line with the count zero for what it is.
func TestPaddingIsNoEntry(t *testing.T) {
	t.Parallel()
	for count, want := range map[string]bool{"0": false, "00": false, "1": true, "010": true, "37359195": true} {
		server := service(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "%s:%s\n", strings.ToLower(digits(leaked)[5:]), count)
		})
		if got := newBench(t, server.URL, 0).contains(leaked); got != want {
			t.Errorf("a count of %s is listed: %t", count, got)
		}
	}
}

// TestTheLocalListIsAskedFirst spares the service what is known already.
func TestTheLocalListIsAskedFirst(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := service(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	if b := newBench(t, server.URL, 0); !b.contains("password1") || asked.Load() != 0 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// TestFailuresFallBack shows that whatever a service does, the embedded list decides, and that it is told of.
func TestFailuresFallBack(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	line := digits(leaked)[5:] + ":3\r\n"
	for name, reply := range map[string]func(w http.ResponseWriter, r *http.Request){
		"slow":        func(_ http.ResponseWriter, r *http.Request) { wait(r, hold) },
		"slow to end": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, line); flush(w); wait(r, hold) },
		"500": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, line)
		},
		"404":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound); fmt.Fprint(w, line) },
		"204":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"429":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"empty":         func(http.ResponseWriter, *http.Request) {},
		"garbage":       func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>sign in to this network</html>") },
		"garbage later": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, line, line, "more\n") },
		"huge":          func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(line, 20_000)) },
		"a huge line":   func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("A", 1<<20)) },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4000")
			fmt.Fprint(w, line)
		},
		"cut by force": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, line)
			flush(w)
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := 20 * time.Second
			if strings.HasPrefix(name, "slow") {
				timeout = 50 * time.Millisecond
			}
			b := newBench(t, service(t, reply).URL, timeout)
			if b.contains(leaked) {
				t.Error("it is listed")
			}
			if !b.contains("password1") {
				t.Error("the embedded list is not asked")
			}
			b.failedOnce()
		})
	}
}

func wait(r *http.Request, hold <-chan struct{}) {
	select {
	case <-r.Context().Done():
	case <-hold:
	}
}

func flush(w http.ResponseWriter) {
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
}

// failedOnce checks that one failure was counted and logged, without a digit of the password.
func (b *bench) failedOnce() {
	b.t.Helper()
	if b.meter.count(pwned.Failed) != 1 || strings.Count(b.log.String(), `"level":"WARN"`) != 1 {
		b.t.Errorf("counted %v, logged %s", b.meter.results, b.log)
	}
	if text := strings.ToUpper(b.log.String()); strings.Contains(text, digits(leaked)[:5]) || strings.Contains(text, strings.ToUpper(leaked)) {
		b.t.Errorf("logged %s", b.log)
	}
}

// TestRedirectsAreNotFollowed watches where they lead.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	other := service(t, func(w http.ResponseWriter, r *http.Request) { reached.Add(1); answering(w, r) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		b := newBench(t, service(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+r.URL.Path, status)
		}).URL, 0)
		if b.contains(leaked) {
			t.Errorf("%d is followed", status)
		}
		b.failedOnce()
	}
	if reached.Load() != 0 {
		t.Errorf("the other host was asked %d times", reached.Load())
	}
}

// TestStrangersAreNotBelieved asks a server whose certificate nobody vouches for, and a port where nobody is.
func TestStrangersAreNotBelieved(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(answering))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for _, address := range []string{server.URL, "http://" + gone.Addr().String()} {
		b := newBench(t, address, 0)
		if b.contains(leaked) {
			t.Errorf("%s is believed", address)
		}
		b.failedOnce()
	}
}

// TestEndsWithItsCaller gives up when the caller does, and then says nothing.
func TestEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := service(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	b := newBench(t, server.URL, time.Minute)
	if found, err := b.Contains(ctx, leaked); found || !errors.Is(err, context.Canceled) {
		t.Errorf("got %t, %v", found, err)
	}
}

// TestManyAtOnce asks from many sides; each gets its own answer.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, service(t, answering).URL, 20*time.Second)
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			password := leaked
			if i%2 == 1 {
				password = fmt.Sprintf("another %d quartz", i)
			}
			if b.contains(password) != (i%2 == 0) {
				t.Errorf("%d gets the answer of another", i)
			}
		})
	}
	all.Wait()
	if b.meter.count(pwned.Failed) != 0 {
		t.Errorf("counted %v", b.meter.results)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "range", "/range", "ftp://host/range", "https://", "https://host/?q=", "https://host/#a", "http://[::1"} {
		if _, err := pwned.New(pwned.Deps{}, pwned.Config{URL: address}); err == nil {
			t.Errorf("%q is accepted", address)
		}
	}
}

func FuzzFind(f *testing.F) {
	suffix := digits(leaked)[5:]
	for _, reply := range []string{"", suffix + ":1", suffix + ":0\r\n", suffix, ":", suffix + ":x", strings.Repeat(suffix+":2\n", 100), "\n", "\x00"} {
		f.Add(reply)
	}
	f.Fuzz(func(t *testing.T, reply string) {
		found, err := pwned.Find(strings.NewReader(reply), suffix)
		if found && (err != nil || !strings.Contains(strings.ToUpper(reply), suffix+":")) {
			t.Errorf("%q: %t, %v", reply, found, err)
		}
		if err == nil && (reply == "" || len(reply) > 256<<10+1) {
			t.Errorf("%d bytes are an answer", len(reply))
		}
	})
}
