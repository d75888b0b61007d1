package api_test

import (
	"mime"
	"net/http"
	"strings"
	"testing"
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
