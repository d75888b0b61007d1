package api_test

import (
	"mime"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/doorward/doorward/api"
)

// checkShield wants of a reply what every one must carry, whoever made it.
func checkShield(t *testing.T, response *http.Response) {
	t.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, part := range map[string]string{
		"Content-Security-Policy": "frame-ancestors 'none'", "Permissions-Policy": "camera=()", "Cache-Control": "",
	} {
		if got := response.Header.Get(name); got == "" || !strings.Contains(got, part) {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, name := range []string{"Server", "X-Powered-By"} {
		if got := response.Header.Get(name); got != "" {
			t.Errorf("%s tells %q", name, got)
		}
	}
	checkType(t, response)
}

// checkType wants every body to say what it is, and every text in what letters (OWASP ASVS 5.0 4.1.1). JSON is
// UTF-8 and has no parameter for it (RFC 8259 §11).
func checkType(t *testing.T, response *http.Response) {
	t.Helper()
	if response.ContentLength == 0 || response.StatusCode == http.StatusNoContent {
		return
	}
	media, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		t.Errorf("Content-Type %q: %v", response.Header.Get("Content-Type"), err)
	}
	if charset := parameters["charset"]; strings.HasPrefix(media, "text/") && !strings.EqualFold(charset, "utf-8") {
		t.Errorf("%s in %q", media, charset)
	}
}

// TestEveryReplyIsShielded looks at replies of all kinds, on both listeners.
func TestEveryReplyIsShielded(t *testing.T) {
	t.Parallel()
	options := browsing
	options.ServePages = true
	w := &world{}
	public, err := api.New(w.deps(), options)
	c := newClient(t, public, err)
	deps := w.deps()
	deps.Metrics = http.HandlerFunc(func(reply http.ResponseWriter, _ *http.Request) {
		reply.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = reply.Write([]byte("up 1\n"))
	})
	private, err := api.NewAdmin(deps, options)
	admin := newClient(t, private, err)
	for _, each := range []reply{
		c.do("GET", "/v1/me", "", as("good")...), c.do("GET", "/v1/me", ""), c.do("HEAD", "/v1/me", "", as("good")...),
		c.do("GET", "/nothing", ""), c.do("PUT", "/v1/me", ""), c.do("TRACE", "/v1/me", ""), c.do("OPTIONS", "/v1/me", ""),
		c.do("POST", "/v1/auth/login", "{"), c.do("POST", "/v1/auth/login", "x", "Content-Type", "text/plain"),
		c.do("DELETE", "/v1/me/sessions", "", as("good")...), c.do("GET", "/.well-known/jwks.json", ""),
		c.do("OPTIONS", "/v1/me", "", "Origin", frontOrigin, "Access-Control-Request-Method", "GET"),
		c.do("GET", "/openapi.json", ""), c.do("GET", "/openapi.yaml", ""), c.do("GET", "/docs", ""),
		c.do("GET", "/verify-email?token=a", ""), c.do("GET", "/verify-email", ""), c.doLocal("GET", "/dev/mailbox"),
		c.doLocal("POST", "/dev/mailbox"), c.do("GET", "/health", ""),
		admin.do("GET", "/health/system", ""), admin.do("GET", "/metrics", ""), admin.do("GET", "/nothing", ""),
	} {
		t.Run(each.Request.Method+" "+each.Request.URL.Path, func(t *testing.T) {
			checkShield(t, each.Response)
			if got := each.Header.Get("Strict-Transport-Security"); got != "max-age=63072000; includeSubDomains" {
				t.Errorf("Strict-Transport-Security %q", got)
			}
		})
	}
	plain, _ := open(t, api.Options{AppURL: "http://localhost:8080"})
	if got := plain.do("GET", "/health", "").Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("Strict-Transport-Security %q without TLS", got)
	}
}

// TestUnusedMethods answers every method that a path does not have with 405 and the ones that it has.
func TestUnusedMethods(t *testing.T) {
	t.Parallel()
	c, w := open(t, browsing)
	for path, item := range contract(t).Paths.Map() {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
			if item.Operations()[method] != nil {
				continue
			}
			got := c.do(method, example(path), "", as("good")...)
			allowed := strings.Split(got.Header.Get("Allow"), ", ")
			if call := w.said(); got.StatusCode != http.StatusMethodNotAllowed || call != "" || !hasAll(allowed, item) {
				t.Errorf("%s %s: %d, Allow %q, reached %q", method, path, got.StatusCode, allowed, call)
			}
		}
	}
}

func hasAll(allowed []string, item *openapi3.PathItem) bool {
	for method := range item.Operations() {
		if !slices.Contains(allowed, method) {
			return false
		}
	}
	return true
}
