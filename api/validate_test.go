package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/doorward/doorward/api"
)

// TestMisuseOfBodies sends each listed misuse of a body: all that is wrong is told, and no use case is
// reached.
func TestMisuseOfBodies(t *testing.T) {
	t.Parallel()
	const good = `{"identifier":"ada","password":"p"}`
	for _, test := range []struct{ name, path, body, flaws string }{
		{"nothing", "login", "", "body:required"},
		{"not JSON", "login", `{"identifier":`, "body:invalid_format"},
		{"trailing bytes", "login", good + `x`, "body:invalid_format"},
		{"two values", "login", good + good, "body:invalid_format"},
		{"a comment", "login", `{/**/"identifier":"a"}`, "body:invalid_format"},
		{"broken UTF-8", "login", `{"identifier":"a","password":"` + "\xff" + `"}`, "body:invalid_format"},
		{"half a surrogate pair", "login", `{"identifier":"a","password":"\ud800x"}`, "body:invalid_format"},
		{"a surrogate pair reversed", "login", `{"identifier":"a","password":"\udc00\ud800"}`, "body:invalid_format"},
		{"deep nesting", "login", strings.Repeat("[", 40) + strings.Repeat("]", 40), "body:too_long"},
		{"a list", "login", `[]`, "body:invalid_format"},
		{"null", "login", `null`, "body:invalid_format"},
		{"unknown field", "login", `{"identifier":"a","password":"p","extra":1}`, "extra:unknown_field"},
		{"several unknown fields", "login", `{"identifier":"a","password":"p","y":1,"x":1}`, "x:unknown_field y:unknown_field"},
		{"other case", "login", `{"identifier":"a","Password":"p"}`, "Password:unknown_field password:required"},
		{"both cases", "login", `{"identifier":"a","password":"p","PASSWORD":"q"}`, "PASSWORD:unknown_field"},
		{"a field twice", "login", `{"identifier":"a","password":"p","password":"q"}`, "password:not_allowed"},
		{"a field twice by escape", "login", `{"identifier":"a","password":"p","p\u0061ssword":"q"}`, "password:not_allowed"},
		{"several flaws", "login", `{"identifier":"","password":7}`, "identifier:too_short password:invalid_format"},
		{"null for text", "login", `{"identifier":"a","password":null}`, "password:invalid_format"},
		{"too long", "login", `{"identifier":"` + strings.Repeat("a", 255) + `","password":"p"}`, "identifier:too_long"},
		{"NUL in an identifier", "login", `{"identifier":"a\u0000","password":"p"}`, "identifier:invalid_format"},
		{"not a UUID", "verify-email", `{"verification_id":"x","code":"493027"}`, "verification_id:invalid_format"},
		{"letters in a code", "verify-email", `{"verification_id":"` + someID + `","code":"49302x"}`, "code:invalid_format"},
		{"code and link", "verify-email", `{"verification_id":"` + someID + `","code":"493027","token":"x"}`, "token:unknown_field"},
		{"neither code nor link", "verify-email", `{}`, "code:required verification_id:required"},
		{"half a proof", "reset-password", `{"code":"493027","new_password":"p"}`, "verification_id:required"},
		{"a body where none is", "../me/deactivate", `{}`, "body:not_allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			path := strings.Replace("/v1/auth/"+test.path, "auth/../", "", 1)
			var fields []string
			if strings.Contains(path, "/me/") {
				fields = as("good")
			}
			got := c.do("POST", path, test.body, fields...)
			if got.StatusCode != http.StatusBadRequest || got.flaws(t) != test.flaws {
				t.Errorf("%d %q, want %q; %s", got.StatusCode, got.flaws(t), test.flaws, got.body)
			}
			if call := w.said(); call != "" {
				t.Errorf("reached %q", call)
			}
			for _, leak := range []string{"Schema", "schema", "json:", "oapi", "strconv", "property"} {
				if strings.Contains(string(got.body), leak) {
					t.Errorf("%q is told: %s", leak, got.body)
				}
			}
		})
	}
}

// TestUnusualButRight sends what only looks wrong.
func TestUnusualButRight(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, body, contentType, call string }{
		{"charset", `{"identifier":"a","password":"p"}`, "application/json; charset=UTF-8", "login a p"},
		{"space around", " {\"identifier\":\"a\",\n\"password\":\"p\"}\n", "application/json", "login a p"},
		{"a surrogate pair", `{"identifier":"a","password":"\ud83d\udd11"}`, "application/json", "login a 🔑"},
		{"NUL in a password", `{"identifier":"a","password":"p\u0000"}`, "application/json", "login a p\x00"},
		{"escaped backslash", `{"identifier":"a","password":"\\ud800"}`, "application/json", `login a \ud800`},
		{"longest password", `{"identifier":"a","password":"` + strings.Repeat("🔑", 1024) + `"}`, "application/json", "login a " + strings.Repeat("🔑", 1024)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			got := c.do("POST", "/v1/auth/login", test.body, "Content-Type", test.contentType)
			if call := w.said(); got.StatusCode != http.StatusOK || call != test.call {
				t.Errorf("%d %q %s", got.StatusCode, call, got.body)
			}
		})
	}
}

// TestMediaTypes accepts JSON in UTF-8 alone, as it is.
func TestMediaTypes(t *testing.T) {
	t.Parallel()
	c, _ := open(t, api.Options{})
	for _, fields := range [][]string{
		{"Content-Type", "text/plain"},
		{"Content-Type", "application/x-www-form-urlencoded"},
		{"Content-Type", "application/json; charset=latin1"},
		{"Content-Type", "application/jsonx"},
		{"Content-Type", ""},
		{"Content-Type", "application/json", "Content-Encoding", "gzip"},
	} {
		got := c.do("POST", "/v1/auth/login", `{"identifier":"a","password":"p"}`, fields...)
		if got.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("%v: %d %s", fields, got.StatusCode, got.body)
		}
	}
}

// TestMisuseOfParameters sends each misuse of query and path.
func TestMisuseOfParameters(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, method, path, flaws string }{
		{"unknown", "GET", "/v1/me?x=1", "x:unknown_field"},
		{"other case", "GET", "/v1/me/sessions?Limit=1", "Limit:unknown_field"},
		{"twice", "GET", "/v1/me/sessions?limit=1&limit=2", "limit:not_allowed"},
		{"not a number", "GET", "/v1/me/sessions?limit=1e1", "limit:invalid_format"},
		{"too small", "GET", "/v1/me/sessions?limit=0", "limit:out_of_range"},
		{"too large", "GET", "/v1/me/sessions?limit=201", "limit:out_of_range"},
		{"beyond all numbers", "GET", "/v1/me/sessions?limit=99999999999999999999", "limit:invalid_format"},
		{"empty", "GET", "/v1/me/sessions?cursor=", "cursor:too_short"},
		{"several", "GET", "/v1/me/sessions?limit=x&cursor=&z=1", "cursor:too_short limit:invalid_format z:unknown_field"},
		{"broken escape", "GET", "/v1/me/sessions?limit=%zz", "query:invalid_format"},
		{"semicolon", "GET", "/v1/me/sessions?limit=1;cursor=a", "query:invalid_format"},
		{"not a UUID in the path", "DELETE", "/v1/me/sessions/x", "id:invalid_format"},
		{"NUL in the path", "GET", "/v1/auth/reset-password/a%00", "token:invalid_format"},
		{"no UTF-8 in the path", "GET", "/v1/auth/reset-password/a%ff", "token:invalid_format"},
		{"none of two", "GET", "/v1/auth/availability", "username:required"},
		{"both of two", "GET", "/v1/auth/availability?username=a&email=a%40b.c", "email:not_allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			got := c.do(test.method, test.path, "", as("good")...)
			if got.StatusCode != http.StatusBadRequest || got.flaws(t) != test.flaws {
				t.Errorf("%d %q, want %q", got.StatusCode, got.flaws(t), test.flaws)
			}
			if call := w.said(); call != "" {
				t.Errorf("reached %q", call)
			}
		})
	}
}

// TestPartialUpdates tells absent, null and a value apart.
func TestPartialUpdates(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"username":null}`:          "profile - = - - - -",
		`{"bio":"x","image_url":""}`: "profile - - =x = - -",
		`{"name":"A"}`:               "profile =A - - - - -",
		`{"name":null}`:              "name:invalid_format",
		`{"name":""}`:                "name:too_short",
		`{}`:                         "body:required",
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			got := c.do("PATCH", "/v1/me", body, as("good")...)
			said := w.said()
			if got.StatusCode != http.StatusOK {
				said = got.flaws(t)
			}
			if said != want {
				t.Errorf("%q, want %q", said, want)
			}
		})
	}
}
