package specguard_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/doorward/doorward/api/specguard"
)

const problem = `{"type":"urn:doorward:problem:not_found","title":"Not found","status":404,"detail":"-","code":"not_found","request_id":"r"}`

// serve answers every request with the same reply.
func serve(t *testing.T, status int, media, body string, fields ...string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		for _, name := range []string{
			"X-Content-Type-Options", "Cache-Control", "Referrer-Policy", "Content-Security-Policy", "X-Frame-Options",
			"Permissions-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
		} {
			w.Header().Set(name, "x")
		}
		w.Header().Set("X-Request-Id", "r")
		for i := 0; i < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server
}

// TestGuard reports each way to break the contract, and nothing else.
func TestGuard(t *testing.T) {
	t.Parallel()
	const json, asProblem = "application/json", "application/problem+json"
	for _, test := range []struct {
		name, method, path string
		status             int
		media, body        string
		fields             []string
		want               string
	}{
		{"as declared", "GET", "/health/live", 200, json, `{"status":"ok"}`, nil, ""},
		{"no body where none is", "DELETE", "/v1/me/sessions/1", 204, "", "", nil, ""},
		{"unknown path", "GET", "/nothing", 404, asProblem, problem, nil, ""},
		{"page", "GET", "/docs", 200, "text/html", "<p>", nil, ""},
		{"preflight", "OPTIONS", "/v1/me", 204, "", "", nil, ""},
		{"undeclared status", "GET", "/health/live", 418, json, `{}`, nil, "does not declare this status"},
		{"undeclared type", "GET", "/health/live", 200, "text/plain", `ok`, nil, "does not declare content type"},
		{"no type", "GET", "/health/live", 200, ";", `ok`, nil, "content type"},
		{"not JSON", "GET", "/health/live", 200, json, `ok`, nil, "not JSON"},
		{"wrong value", "GET", "/health/live", 200, json, `{"status":"fine"}`, nil, "does not fit"},
		{"unknown member", "GET", "/health/live", 200, json, `{"status":"ok","more":1}`, nil, "does not fit"},
		{"body where none is", "GET", "/v1/auth/reset-password/x", 200, json, `{}`, nil, "does not declare"},
		{"unknown path answered", "GET", "/nothing", 200, json, `{}`, nil, "no operation takes this request"},
		{"method without Allow", "PUT", "/health", 405, asProblem, strings.ReplaceAll(problem, "404", "405"), nil, "405 without Allow"},
		{"method", "PUT", "/health", 405, asProblem, strings.ReplaceAll(problem, "404", "405"), []string{"Allow", "GET"}, ""},
		{"other status inside", "DELETE", "/v1/me/sessions/1", 401, asProblem, problem, nil, "problem of status 404"},
		{"other request inside", "DELETE", "/v1/me/sessions/1", 404, asProblem, problem, []string{"X-Request-Id", "s"}, "problem of request"},
		{"no challenge", "DELETE", "/v1/me/sessions/1", 401, asProblem, strings.ReplaceAll(problem, "404", "401"), nil, "401 without WWW-Authenticate"},
		{"error as JSON", "GET", "/nothing", 404, json, problem, nil, "an error as"},
		{"missing field", "GET", "/health/live", 200, json, `{"status":"ok"}`, []string{"Cache-Control", ""}, "no Cache-Control"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var reported []string
			guard, err := specguard.New(nil, func(err error) { reported = append(reported, err.Error()) })
			if err != nil {
				t.Fatal(err)
			}
			server := serve(t, test.status, test.media, test.body, test.fields...)
			request, err := http.NewRequestWithContext(context.Background(), test.method, server.URL+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := guard.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close() //nolint:errcheck // read to its end
			if body, err := io.ReadAll(response.Body); err != nil || string(body) != test.body && test.status != 204 {
				t.Errorf("passed on %q %v", body, err)
			}
			got := strings.Join(reported, "; ")
			if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
				t.Errorf("reported %q, want %q", got, test.want)
			}
		})
	}
}
