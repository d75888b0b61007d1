package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/api"
)

func FuzzAuthorization(f *testing.F) {
	for _, header := range []string{"Bearer abc", "bearer  a.b-c_d~e+f/g==", "Bearer", "Basic abc", "Bearer a b", "Bearer \x00"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, ok := api.Bearer(header)
		if !ok {
			return
		}
		if token == "" || strings.ContainsAny(token, " \t\r\n,;\"\x00") || !strings.HasSuffix(header, token) {
			t.Errorf("%q gave %q", header, token)
		}
		if again, ok := api.Bearer("Bearer " + token); !ok || again != token {
			t.Errorf("%q is not read again", token)
		}
	})
}

// FuzzCookies wants every value to stand in the field as it is read, and none where a second of the name comes along,
// whatever stands around it: neither can be told to be ours.
func FuzzCookies(f *testing.F) {
	for _, field := range []string{
		"", "__Host-access=a", "__Host-access=a; __Host-access=b", "__Secure-refresh=a; __Secure-refresh=b", "__Host-csrf=\"a\"",
		"__Host-device", "=; ;=;;", "__host-access=a", " __Host-access =a", "a=\"; __Host-access=b\"", "__Host-access=a\x00b, c",
	} {
		f.Add(field)
	}
	f.Fuzz(func(t *testing.T, field string) {
		access, csrf, device, refresh := api.ReadCookies(field)
		for _, value := range append(refresh, access, csrf, device) {
			if !strings.Contains(field, value) {
				t.Errorf("%q is read out of %q", value, field)
			}
		}
		for _, joined := range []string{field + "; __Host-access=planted", "__Host-access=planted; " + field} {
			if twice, _, _, _ := api.ReadCookies(joined); access != "" && twice != "" {
				t.Errorf("%q is read out of %q", twice, joined)
			}
		}
	})
}

func FuzzRequestID(f *testing.F) {
	for _, id := range []string{"", "a", "0192f0c1-2a7e-7b44-9d5e-3f1a5c7b9e01", "a\nb", strings.Repeat("a", 65)} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if !api.ValidRequestID(id) {
			return
		}
		if id == "" || len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
			t.Errorf("%q was taken over", id)
		}
	})
}

func FuzzAcceptEncoding(f *testing.F) {
	for _, header := range []string{"", "gzip", "br;q=0.5, gzip;q=0.8", "*;q=0", "br;q=x", ";;;,,,"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		coding := api.PreferredCoding(header)
		if !slices.Contains([]string{"", "br", "gzip"}, coding) {
			t.Errorf("%q gave %q", header, coding)
		}
		if coding != "" && !strings.Contains(strings.ToLower(header), coding) && !strings.Contains(header, "*") {
			t.Errorf("%q was not asked for by %q", coding, header)
		}
	})
}

// TestFixedPathsComeFirst sorts routes so that none hides another.
func TestFixedPathsComeFirst(t *testing.T) {
	t.Parallel()
	paths := []string{
		"/v1/users/:id/sessions/:session", "/v1/:kind/export", "/v1/users/:id", "/v1/users/export", "/v1/users",
		"/v1/users/:id/profile", "/v1/users/export/:part",
	}
	slices.SortStableFunc(paths, api.ComparePaths)
	want := []string{
		"/v1/users", "/v1/users/export", "/v1/users/export/:part", "/v1/users/:id", "/v1/users/:id/profile",
		"/v1/users/:id/sessions/:session", "/v1/:kind/export",
	}
	if !slices.Equal(paths, want) {
		t.Errorf("%v", paths)
	}
}

// TestOverlappingPaths calls paths that begin alike: each runs its own checks and only those.
func TestOverlappingPaths(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{})
	for _, test := range []struct {
		method, path, body string
		status             int
		call               string
	}{
		{"POST", "/v1/auth/reset-password", `{"token":"t","new_password":"p"}`, 204, "reset t 00000000-0000-0000-0000-000000000000  p"},
		{"GET", "/v1/auth/reset-password/reset-password", "", 204, "check reset reset-password"},
		{"DELETE", "/v1/me/sessions", "", 204, "end others"},
		{"DELETE", "/v1/me/sessions/" + someID, "", 204, "end " + someID},
		{"POST", "/v1/me/email", `{"email":"a@b.c"}`, 202, "change email a@b.c"},
		{"POST", "/v1/me/email/verify", `{"email":"a@b.c"}`, 400, ""},
		{"GET", "/health/live", "", 200, ""},
	} {
		got := c.do(test.method, test.path, test.body, as("good")...)
		if call := w.said(); got.StatusCode != test.status || call != test.call {
			t.Errorf("%s %s: %d, reached %q", test.method, test.path, got.StatusCode, call)
		}
	}
	if got := c.do("GET", "/v1/me/email", "", as("good")...); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET /v1/me/email: %d", got.StatusCode)
	}
}
