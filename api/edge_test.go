package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
)

// TestRequestIDs takes well-formed ids over and makes one otherwise.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	c, _ := open(t, api.Options{})
	for given, kept := range map[string]bool{
		"abc-DEF_1.2":           true,
		strings.Repeat("a", 64): true,
		strings.Repeat("a", 65): false,
		"":                      false,
		"a b":                   false,
		"a\"b":                  false,
		"é":                     false,
	} {
		got := c.do("GET", "/health/live", "", "X-Request-Id", given).Header.Get("X-Request-Id")
		if (got == given) != kept || got == "" {
			t.Errorf("%q became %q", given, got)
		}
	}
}

// TestDeadline gives every use case a deadline, and tells of one that passed as 503.
func TestDeadline(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{RequestTimeout: 20 * time.Millisecond})
	w.hold = func(ctx context.Context) error {
		<-ctx.Done()
		return core.Unavailable(ctx.Err())
	}
	got := c.do("POST", "/v1/auth/refresh", `{"refresh_token":"r"}`)
	if problem := got.problem(t); got.StatusCode != http.StatusServiceUnavailable || problem.Code != "timeout" {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// TestPanics answers with a fault and keeps its cause for the log.
func TestPanics(t *testing.T) {
	t.Parallel()
	log := &bytes.Buffer{}
	w := &world{hold: func(context.Context) error { panic("the cat is out") }}
	deps := w.deps()
	deps.Log = slog.New(slog.NewJSONHandler(log, nil))
	app, err := api.New(deps, api.Options{})
	c := newClient(t, app, err)
	got := c.do("POST", "/v1/auth/refresh", `{"refresh_token":"r"}`)
	if got.StatusCode != http.StatusInternalServerError || strings.Contains(string(got.body), "cat") {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	if !strings.Contains(log.String(), "the cat is out") || !strings.Contains(log.String(), got.problem(t).RequestID) {
		t.Errorf("logged %s", log)
	}
}

// TestLogs writes the template of the route, never what stands in path, query or body.
func TestLogs(t *testing.T) {
	t.Parallel()
	log := &bytes.Buffer{}
	w := &world{}
	deps, seen := w.deps(), &observer{}
	deps.Log, deps.Observer = slog.New(slog.NewJSONHandler(log, nil)), seen
	app, err := api.New(deps, api.Options{ServePages: true})
	c := newClient(t, app, err)
	c.do("GET", "/v1/auth/reset-password/canary", "")
	c.do("GET", "/verify-email?token=canary", "")
	c.do("GET", "/canary?canary=1", "")
	c.do("PUT", "/v1/me", "")
	c.do("POST", "/v1/auth/login", `{"identifier":"canary","password":"canary"}`, "User-Agent", "canary", "Authorization", "Bearer canary")
	want := []string{
		"GET /v1/auth/reset-password/:token 204", "GET /verify-email 200", "GET unrouted 404", "PUT unrouted 405",
		"POST /v1/auth/login 200",
	}
	for i, line := range strings.Split(strings.TrimSpace(log.String()), "\n") {
		var entry struct {
			Method, Route string
			Status        int
			RequestID     string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		got := entry.Method + " " + entry.Route + " " + http.StatusText(entry.Status)
		method, rest, _ := strings.Cut(want[i], " ")
		route, _, _ := strings.Cut(rest, " ")
		if entry.Method != method || entry.Route != route || entry.RequestID == "" {
			t.Errorf("line %d: %s, want %s", i, got, want[i])
		}
	}
	if strings.Contains(log.String(), "canary") {
		t.Errorf("the log holds a secret: %s", log)
	}
	if got := strings.Join(seen.lines, "; "); got != strings.Join(want, "; ") {
		t.Errorf("observed %s", got)
	}
}

type observer struct{ lines []string }

func (o *observer) Observe(method, route string, status int, _ time.Duration) {
	o.lines = append(o.lines, strings.Join([]string{method, route, strconv.Itoa(status)}, " "))
}

// TestClient hands the domain what is known of the client, cut to what is safe to keep.
func TestClient(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, trusted, forwarded, agent, ip, kept string }{
		{"direct", "", "198.51.100.1", "Firefox", "0.0.0.0", "Firefox"},
		{"trusted proxy", "0.0.0.0/32", "198.51.100.1", "Firefox", "198.51.100.1", "Firefox"},
		{"forged before the proxy", "0.0.0.0/32", "127.0.0.1, 198.51.100.1", "Firefox", "198.51.100.1", "Firefox"},
		{"two proxies", "0.0.0.0/0", "198.51.100.1, 198.51.100.2", "x", "198.51.100.1", "x"},
		{"nonsense", "0.0.0.0/32", "unknown", "x", "0.0.0.0", "x"},
		{"mapped", "0.0.0.0/32", "::ffff:198.51.100.1", "x", "198.51.100.1", "x"},
		{"an agent that forges lines", "", "", "a\x1b[31mb\u2028c", "0.0.0.0", "a[31mbc"},
		{"a long agent", "", "", strings.Repeat("a", 600), "0.0.0.0", strings.Repeat("a", 512)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var options api.Options
			if test.trusted != "" {
				options.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(test.trusted)}
			}
			c, w := open(t, options)
			var seen core.Client
			w.hold = func(ctx context.Context) error { seen = core.ClientFrom(ctx); return nil }
			c.do("POST", "/v1/auth/refresh", `{"refresh_token":"r"}`,
				"X-Forwarded-For", test.forwarded, "User-Agent", test.agent, "Accept-Language", "de, en;q=0.5")
			if seen.IP.String() != test.ip || seen.UserAgent != test.kept || seen.Languages != "de, en;q=0.5" || seen.RequestID == "" {
				t.Errorf("%+v", seen)
			}
		})
	}
}

// TestForwardedLines reads all the lines of X-Forwarded-For: what a proxy has added counts, not what the
// client wrote into a line above.
func TestForwardedLines(t *testing.T) {
	t.Parallel()
	var seen core.Client
	w := &world{hold: func(ctx context.Context) error { seen = core.ClientFrom(ctx); return nil }}
	app, err := api.New(w.deps(), api.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	address := serve(t, app)
	for lines, want := range map[string]string{
		"X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 203.0.113.9\r\n":            "203.0.113.9",
		"X-Forwarded-For: 198.51.100.7\r\nx-forwarded-for: 203.0.113.9, 127.0.0.2\r\n": "203.0.113.9",
		"X-Forwarded-For: fe80::1%eth0\r\n":                                            "fe80::1",
	} {
		body := `{"refresh_token":"r"}`
		exchange(t, address, "POST /v1/auth/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+ //nolint:bodyclose // exchange reads it to its end
			lines+"Content-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body)
		if got := seen.IP.String(); got != want {
			t.Errorf("%q: %s", lines, got)
		}
	}
}

// TestFieldsOfReplies looks at what personal and public replies carry.
func TestFieldsOfReplies(t *testing.T) {
	t.Parallel()
	c, _ := open(t, api.Options{})
	for path, want := range map[string]string{
		"/v1/me": "no-store", "/health": "no-store", "/nothing": "no-store",
		"/.well-known/jwks.json": "public, max-age=300", "/openapi.json": "public, max-age=300",
	} {
		got := c.do("GET", path, "", as("good")...).Header
		if got.Get("Cache-Control") != want || got.Get("Server") != "" {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// TestCompression encodes large replies as asked, and never one that holds a secret.
func TestCompression(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ path, accept, coding string }{
		{"/openapi.yaml", "gzip, br", "br"},
		{"/openapi.yaml", "gzip", "gzip"},
		{"/openapi.yaml", "br;q=0.5, gzip;q=0.8", "gzip"},
		{"/openapi.yaml", "br;q=0, gzip;q=0", ""},
		{"/openapi.yaml", "*", "br"},
		{"/openapi.yaml", "deflate", ""},
		{"/openapi.yaml", "", ""},
		{"/docs", "gzip", "gzip"},
		{"/health", "gzip", ""},
		{"/dev/mailbox/messages", "gzip, br", ""},
		{"/dev/mailbox", "gzip, br", ""},
	} {
		c, w := open(t, api.Options{})
		w.messages = []mail.Message{{Kind: mail.KindRegistration, Text: strings.Repeat("a", 4<<10)}}
		got := c.doLocal("GET", test.path, "Accept-Encoding", test.accept)
		if coding := got.Header.Get("Content-Encoding"); coding != test.coding {
			t.Errorf("%s with %q: %q, want %q", test.path, test.accept, coding, test.coding)
		}
		if strings.HasPrefix(test.path, "/openapi") && got.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: Vary %q", test.path, got.Header.Get("Vary"))
		}
	}
}
