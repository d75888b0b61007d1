package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a reply, status and telling header fields included, with a file.
func golden(t *testing.T, name string, got reply) {
	t.Helper()
	var text bytes.Buffer
	text.WriteString(got.Status + "\n")
	for _, field := range []string{"Allow", "Content-Type", "Content-Language", "Cache-Control", "Retry-After", "WWW-Authenticate"} {
		for _, value := range got.Header.Values(field) {
			text.WriteString(field + ": " + value + "\n")
		}
	}
	text.WriteByte('\n')
	if err := json.Indent(&text, got.body, "", "  "); err != nil {
		t.Fatalf("%s: %v", got.body, err)
	}
	text.WriteByte('\n')
	path := filepath.Join("testdata", "problems", name+".txt")
	if *update {
		if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path) //nolint:gosec // a file of this package
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text.Bytes(), want) {
		t.Errorf("%s is\n%s\nwant\n%s", name, text.Bytes(), want)
	}
}

// TestProblems holds the errors that clients see against golden files: they are part of the contract.
func TestProblems(t *testing.T) {
	t.Parallel()
	limited := &core.Error{
		Kind: core.KindUnavailable, Code: core.CodeOverloaded, Message: "Too much to do.", RetryAfter: 1500 * time.Millisecond,
	}
	for _, test := range []struct {
		name, method, path, body, token string
		err                             error
	}{
		{"unknown_path", "GET", "/v2/nothing?secret=1", "", "", nil},
		{"unknown_method", "PUT", "/v1/me", "", "", nil},
		{"trailing_slash", "GET", "/v1/me/", "", "good", nil},
		{"no_token", "GET", "/v1/me", "", "", nil},
		{"bad_token", "GET", "/v1/me", "", "bad", nil},
		{"expired_token", "GET", "/v1/me", "", "expired", nil},
		{"authentication_away", "GET", "/v1/me", "", "outage", nil},
		{"already_signed_in", "POST", "/v1/auth/login", `{"identifier":"a","password":"p"}`, "good", nil},
		{"old_sign_in", "DELETE", "/v1/me", "", "old", nil},
		{"fields", "POST", "/v1/auth/register", `{"email":"","pasword":"x"}`, "", nil},
		{"overloaded", "POST", "/v1/auth/login", `{"identifier":"a","password":"p"}`, "", limited},
		{"fault", "POST", "/v1/auth/login", `{"identifier":"a","password":"p"}`, "", errors.New("pq: password of ada")},
		{"logout_without_anything", "POST", "/v1/auth/logout", "", "", nil},
		{"logout_with_expired_token", "POST", "/v1/auth/logout", "", "expired", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			w.err = test.err
			fields := []string{"X-Request-Id", "request-1"}
			if test.token != "" {
				fields = append(fields, as(test.token)...)
			}
			golden(t, test.name, c.do(test.method, test.path, test.body, fields...))
			if test.err == nil && w.said() != "" {
				t.Error("a use case was reached")
			}
		})
	}
}

// TestSchemesOfCredentials takes bearer tokens alone.
func TestSchemesOfCredentials(t *testing.T) {
	t.Parallel()
	c, _ := open(t, api.Options{})
	for header, want := range map[string]int{
		"Bearer good":                          http.StatusOK,
		"bearer good":                          http.StatusOK,
		"BEARER   good":                        http.StatusOK,
		"Bearer good ":                         http.StatusOK, // header values carry no space around them
		"Bearer":                               http.StatusUnauthorized,
		"Bearer ":                              http.StatusUnauthorized,
		"good":                                 http.StatusUnauthorized,
		"Basic good":                           http.StatusUnauthorized,
		"Bearer good bad":                      http.StatusUnauthorized,
		"Bearer good,bad":                      http.StatusUnauthorized,
		"Bearer\tgood":                         http.StatusUnauthorized,
		"Bearer " + strings.Repeat("a", 9<<10): http.StatusUnauthorized,
	} {
		if got := c.do("GET", "/v1/me", "", "Authorization", header); got.StatusCode != want {
			t.Errorf("%.40q: %d, want %d", header, got.StatusCode, want)
		}
	}
	if got := c.do("GET", "/v1/me?access_token=good", ""); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("a token in the query: %d", got.StatusCode)
	}
}
