package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/doorward/doorward/api"
)

// TestSharing tells pages of the listed origins alone that they may read.
func TestSharing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, method, path, origin string
		shared, varies             bool
	}{
		{"the front end", "GET", "/v1/me", frontOrigin, true, true},
		{"the front end, refused", "DELETE", "/v1/me", frontOrigin, true, true},
		{"the front end, lost", "GET", "/v1/nothing", frontOrigin, true, true},
		{"public keys", "GET", "/.well-known/jwks.json", frontOrigin, true, true},
		{"another site", "GET", "/v1/me", "https://evil.example", false, true},
		{"a neighbour", "GET", "/v1/me", "https://x.app.example.com", false, true},
		{"a longer host", "GET", "/v1/me", frontOrigin + ".evil.example", false, true},
		{"a longer port", "GET", "/v1/me", frontOrigin + ":443", false, true},
		{"without TLS", "GET", "/v1/me", "http://app.example.com", false, true},
		{"in capitals", "GET", "/v1/me", strings.ToUpper(frontOrigin), false, true},
		{"null", "GET", "/v1/me", "null", false, true},
		{"a wildcard", "GET", "/v1/me", "*", false, true},
		{"nobody", "GET", "/v1/me", "", false, true},
		{"a page of ours", "GET", "/verify-email?token=a", frontOrigin, false, false},
		{"the development mailbox", "GET", "/dev/mailbox/messages", frontOrigin, false, false},
		{"health", "GET", "/health", frontOrigin, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			options := browsing
			options.ServePages = true
			c, _ := open(t, options)
			var fields []string
			if test.origin != "" {
				fields = []string{"Origin", test.origin}
			}
			got := c.do(test.method, test.path, "", fields...).Header
			want := map[string]string{}
			if test.shared {
				want = map[string]string{
					"Access-Control-Allow-Origin": test.origin, "Access-Control-Allow-Credentials": "true",
					"Access-Control-Expose-Headers": "X-CSRF-Token, X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, Idempotency-Replayed",
				}
			}
			for name := range got {
				if strings.HasPrefix(name, "Access-Control-") && got.Get(name) != want[name] || len(got.Values(name)) > 1 && name != "Vary" {
					t.Errorf("%s: %q", name, got.Values(name))
				}
			}
			for name := range want {
				if got.Get(name) == "" {
					t.Errorf("no %s", name)
				}
			}
			if varies := strings.Contains(strings.Join(got.Values("Vary"), ","), "Origin"); varies != test.varies {
				t.Errorf("Vary %q", got.Values("Vary"))
			}
		})
	}
}

// TestPreflights answers a browser's question for every operation without asking anybody.
func TestPreflights(t *testing.T) {
	t.Parallel()
	c, w := open(t, browsing)
	for path, item := range contract(t).Paths.Map() {
		for method := range item.Operations() {
			for origin, allowed := range map[string]bool{frontOrigin: true, "https://evil.example": false, "null": false} {
				got := c.do("OPTIONS", example(path), "", "Origin", origin, "Access-Control-Request-Method", method,
					"Access-Control-Request-Headers", "content-type, x-csrf-token", "Cookie", signedInCookies)
				shared := strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/.well-known/")
				if call := w.said(); call != "" || len(got.body) > 0 && shared || (got.StatusCode == http.StatusNoContent) != shared {
					t.Errorf("%s %s from %s: %d %s, reached %q", method, path, origin, got.StatusCode, got.body, call)
				}
				checkPermission(t, got.Header, method, allowed && shared)
			}
		}
	}
}

func checkPermission(t *testing.T, got http.Header, method string, allowed bool) {
	t.Helper()
	if !allowed {
		for name := range got {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %q", name, got.Get(name))
			}
		}
		return
	}
	if got.Get("Access-Control-Allow-Origin") != frontOrigin || got.Get("Access-Control-Allow-Credentials") != "true" ||
		got.Get("Access-Control-Max-Age") != "600" || !strings.Contains(got.Get("Access-Control-Allow-Methods"), method) {
		t.Errorf("%v", got)
	}
	for _, name := range []string{"Authorization", "Content-Type", "X-CSRF-Token", "X-Token-Transport"} {
		if !strings.Contains(got.Get("Access-Control-Allow-Headers"), name) {
			t.Errorf("%s is not allowed", name)
		}
	}
	if strings.Contains(strings.Join(got["Access-Control-Allow-Headers"], ""), "*") {
		t.Error("a wildcard")
	}
}

// TestNobodyIsAllowedUnlessSaid leaves all origins out where none is listed.
func TestNobodyIsAllowedUnlessSaid(t *testing.T) {
	t.Parallel()
	c, _ := open(t, api.Options{AppURL: ourOrigin})
	for _, origin := range []string{frontOrigin, ourOrigin, "null", "://"} {
		if got := c.do("GET", "/v1/me", "", "Origin", origin).Header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: %q", origin, got)
		}
	}
}

// TestOriginOf writes origins as browsers do.
func TestOriginOf(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://a.example": "https://a.example", "https://A.example:443/base/": "https://a.example",
		"http://a.example:80": "http://a.example", "http://a.example:443": "http://a.example:443",
		"http://[::1]:8080/x?y#z": "http://[::1]:8080", "https://u:p@a.example": "https://a.example",
		"": "", "a.example": "", "://": "", "%": "",
	} {
		if got := api.OriginOf(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
