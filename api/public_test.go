package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/doorward/doorward/api"
)

// TestNothingForDebuggingIsPublic asks for what other servers have given away: profiles, variables, metrics,
// repositories, settings, listings, and requests repeated by TRACE (OWASP ASVS 5.0 13.4).
func TestNothingForDebuggingIsPublic(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{ServePages: true})
	for _, path := range []string{
		"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile?seconds=1", "/debug/vars", "/debug/requests",
		"/metrics", "/metrics/", "/monitor", "/stats", "/status", "/server-status", "/actuator/env", "/actuator/heapdump",
		"/.git/config", "/.git/HEAD", "/.svn/entries", "/.hg/store", "/.env", "/.env.example", "/config.yaml", "/go.mod",
		"/docs/", "/docs/../go.mod", "/openapi.yaml/", "/testdata/", "/static/", "/assets/", "/backup.sql", "/data/doorward.db",
		"/data/master.keys", "/graphql", "/swagger/index.html", "/console", "/admin",
	} {
		got := c.do(http.MethodGet, path, "", as("good")...)
		if got.StatusCode != http.StatusNotFound || !strings.Contains(string(got.body), `"code":"not_found"`) {
			t.Errorf("%s: %d %.100s", path, got.StatusCode, got.body)
		}
	}
	for _, method := range []string{http.MethodTrace, http.MethodConnect} {
		got := c.do(method, "/v1/me", "", "Authorization", "Bearer good", "Cookie", "canary=1")
		refused := got.StatusCode == http.StatusMethodNotAllowed || got.StatusCode == http.StatusBadRequest
		if !refused || strings.Contains(string(got.body), "canary") || strings.Contains(string(got.body), "Bearer") {
			t.Errorf("%s: %d %.100s", method, got.StatusCode, got.body)
		}
	}
	if call := w.said(); call != "" {
		t.Errorf("reached %q", call)
	}
}

// public are the operations whose good replies anybody may keep: they are the same for everybody.
var public = map[string]bool{"getKeySet": true}

// TestOnlyPublicRepliesMayBeKept calls every operation, signed in and not: no reply may be kept by anybody unless it
// is the same for all (OWASP ASVS 5.0 14.3.2).
func TestOnlyPublicRepliesMayBeKept(t *testing.T) {
	t.Parallel()
	c, _ := open(t, api.Options{ServePages: true})
	for path, item := range contract(t).Paths.Map() {
		path = strings.NewReplacer("{token}", "x", "{id}", someID).Replace(path)
		for method, operation := range item.Operations() {
			for _, fields := range [][]string{nil, as("good"), as("expired")} {
				got := c.do(method, path, "", fields...)
				if kept := got.Header.Get("Cache-Control"); kept != "no-store" && !public[operation.OperationID] {
					t.Errorf("%s %s (%d): Cache-Control %q", method, path, got.StatusCode, kept)
				}
			}
		}
	}
	for _, path := range []string{"/verify-email?token=x", "/reset-password?token=x", "/unlock?token=x", "/dev/mailbox"} {
		if kept := c.doLocal(http.MethodGet, path).Header.Get("Cache-Control"); kept != "no-store" {
			t.Errorf("%s: Cache-Control %q", path, kept)
		}
	}
}
