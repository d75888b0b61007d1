package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/signin"
)

const (
	homeCSRF  = "csrf-00000000-0000-0000-0000-000000000002"
	otherCSRF = "csrf-00000000-0000-0000-0000-000000000009"
	// signedInCookies are those of a browser that is signed in.
	signedInCookies = "__Host-access=good; __Host-csrf=" + homeCSRF
	ourOrigin       = "https://accounts.example.com"
	frontOrigin     = "https://app.example.com"
)

// browsing are the options of a server with a front end of its own origin.
var browsing = api.Options{AppURL: ourOrigin + "/base", AllowedOrigins: []string{frontOrigin}}

// described writes the cookies of a reply, each with all that it says.
func described(r reply) []string {
	var lines []string
	for _, each := range r.Cookies() {
		lines = append(lines, fmt.Sprintf("%s=%s path=%s domain=%s age=%d secure=%v http-only=%v lax=%v",
			each.Name, each.Value, each.Path, each.Domain, each.MaxAge, each.Secure, each.HttpOnly, each.SameSite == http.SameSiteLaxMode))
	}
	slices.Sort(lines)
	return lines
}

// wantCookies are those of entered, and gone what takes them away.
var (
	wantCookies = []string{
		"__Host-access=access path=/ domain= age=900 secure=true http-only=true lax=true",
		"__Host-csrf=" + homeCSRF + " path=/ domain= age=3600 secure=true http-only=false lax=true",
		"__Secure-refresh=refresh path=/v1/auth domain= age=3600 secure=true http-only=true lax=true",
	}
	gone = []string{
		"__Host-access= path=/ domain= age=-1 secure=true http-only=true lax=true",
		"__Host-csrf= path=/ domain= age=-1 secure=true http-only=false lax=true",
		"__Secure-refresh= path=/v1/auth domain= age=-1 secure=true http-only=true lax=true",
	}
)

// signIns are the operations that can answer with tokens.
var signIns = map[string]struct {
	path, body string
	fields     []string
	status     int
}{
	"register":    {"/v1/auth/register", `{"email":"a@b.example","password":"pw","name":"Ada"}`, nil, 201},
	"verifyEmail": {"/v1/auth/verify-email", `{"verification_id":"` + someID + `","code":"493027"}`, nil, 200},
	"login":       {"/v1/auth/login", `{"identifier":"a","password":"p"}`, nil, 200},
	"verifySecondFactor": {
		"/v1/auth/mfa/verify", `{"challenge_id":"` + someID + `","factor":"totp","code":"493027"}`, nil, 200,
	},
	"refresh":        {"/v1/auth/refresh", `{"refresh_token":"r"}`, nil, 200},
	"reauthenticate": {"/v1/me/reauthenticate", `{"password":"p"}`, as("good"), 200},
}

// TestSignInWithCookies asks each for cookies: then the tokens are in them and nowhere in the body.
func TestSignInWithCookies(t *testing.T) {
	t.Parallel()
	for name, test := range signIns {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, browsing)
			w.register = signin.Registered{SignedIn: &entered}
			for transport, wanted := range map[string][]string{"cookie": wantCookies, "body": nil, "": nil} {
				got := c.do("POST", test.path, test.body, append([]string{"X-Token-Transport", transport}, test.fields...)...)
				inBody := strings.Contains(string(got.body), `"access_token"`) || strings.Contains(string(got.body), `"refresh_token"`)
				if got.StatusCode != test.status || inBody != (wanted == nil) || !strings.Contains(string(got.body), `"expires_in":900`) {
					t.Errorf("%q: %d %s", transport, got.StatusCode, got.body)
				}
				if !slices.Equal(described(got), wanted) || (got.Header.Get("X-CSRF-Token") == homeCSRF) != (wanted != nil) {
					t.Errorf("%q: cookies %q, told %q", transport, described(got), got.Header.Get("X-CSRF-Token"))
				}
			}
			got := c.do("POST", test.path, test.body, append([]string{"X-Token-Transport", "Cookie"}, test.fields...)...)
			if got.flaws(t) != "X-Token-Transport:not_allowed" {
				t.Errorf("an unknown transport: %d %s", got.StatusCode, got.body)
			}
		})
	}
}

// TestSignInWithCookiesFromElsewhere refuses to set cookies for pages of sites that are not allowed: they could
// sign their visitors in as somebody else.
func TestSignInWithCookiesFromElsewhere(t *testing.T) {
	t.Parallel()
	for name, test := range signIns {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, browsing)
			fields := append([]string{"X-Token-Transport", "cookie", "Origin", "https://evil.example"}, test.fields...)
			got := c.do("POST", test.path, test.body, fields...)
			if call := w.said(); got.StatusCode != http.StatusForbidden || got.problem(t).Code != "csrf_failed" || call != "" || len(got.Cookies()) > 0 {
				t.Errorf("%d %s, reached %q", got.StatusCode, got.body, call)
			}
		})
	}
}

// TestCookieCredentials tells whom a request is taken for.
func TestCookieCredentials(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, cookies, authorization string
		status                       int
		code                         core.Code
	}{
		{"a live cookie", signedInCookies, "", 200, ""},
		{"an expired cookie", "__Host-access=expired", "", 401, core.CodeTokenExpired},
		{"a forged cookie", "__Host-access=forged", "", 401, core.CodeInvalidToken},
		{"an empty cookie", "__Host-access=", "", 401, core.CodeUnauthenticated},
		{"no letters of a token", "__Host-access=g<d", "", 401, core.CodeUnauthenticated},
		{"a long cookie", "__Host-access=" + strings.Repeat("a", 9<<10), "", 401, core.CodeUnauthenticated},
		{"without the prefix", "access=good", "", 401, core.CodeUnauthenticated},
		{"in other case", "__host-access=good", "", 401, core.CodeUnauthenticated},
		{"two, the same", "__Host-access=good; __Host-access=good", "", 401, core.CodeUnauthenticated},
		{"two, planted first", "__Host-access=forged; __Host-access=good", "", 401, core.CodeUnauthenticated},
		{"a refresh token is none", "__Secure-refresh=refresh; __Host-access=refresh", "", 401, core.CodeInvalidToken},
		{"a bearer beside a dead cookie", "__Host-access=forged", "Bearer good", 200, ""},
		{"a dead bearer beside a cookie", signedInCookies, "Bearer forged", 401, core.CodeInvalidToken},
		{"another scheme beside a cookie", signedInCookies, "Basic YTpi", 401, core.CodeUnauthenticated},
		{"half a bearer beside a cookie", signedInCookies, "Bearer", 401, core.CodeUnauthenticated},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, _ := open(t, browsing)
			fields := []string{"Cookie", test.cookies}
			if test.authorization != "" {
				fields = append(fields, "Authorization", test.authorization)
			}
			got := c.do("GET", "/v1/me", "", fields...)
			if got.StatusCode != test.status || test.code != "" && core.Code(got.problem(t).Code) != test.code {
				t.Errorf("%d %s", got.StatusCode, got.body)
			}
			if len(got.Cookies()) > 0 {
				t.Errorf("sets %v", described(got))
			}
		})
	}
}

// TestStrangersWithCookies refuses a second sign-in over a live one, and lets nothing of a dead one live on.
func TestStrangersWithCookies(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"login", "register"} {
		test := signIns[id]
		c, w := open(t, browsing)
		w.register = signin.Registered{SignedIn: &entered}
		got := c.do("POST", test.path, test.body, "Cookie", signedInCookies, "X-Token-Transport", "cookie", "X-CSRF-Token", homeCSRF)
		if call := w.said(); got.StatusCode != http.StatusConflict || got.problem(t).Code != "already_signed_in" || call != "" {
			t.Errorf("%s over a live one: %d %s, reached %q", id, got.StatusCode, got.body, call)
		}
		planted := "__Host-access=forged; __Secure-refresh=planted; __Host-csrf=" + otherCSRF
		got = c.do("POST", test.path, test.body, "Cookie", planted, "X-Token-Transport", "cookie")
		if got.StatusCode != test.status || !slices.Equal(described(got), wantCookies) {
			t.Errorf("%s over planted cookies: %d %v", id, got.StatusCode, described(got))
		}
	}
}

// TestRefreshWithCookies takes the token from the cookie that the page confirms.
func TestRefreshWithCookies(t *testing.T) {
	t.Parallel()
	const mine, planted = "__Secure-refresh=refresh", "__Secure-refresh=planted"
	for _, test := range []struct {
		name, cookies, csrf, body string
		fields                    []string
		err                       error
		status                    int
		call                      string
		sets                      []string
	}{
		{"the cookie alone", mine, homeCSRF, "", nil, nil, 200, "renew refresh", wantCookies},
		{"an empty body", mine, homeCSRF, "{}", nil, nil, 200, "renew refresh", wantCookies},
		{"asked for the body", mine, homeCSRF, "", []string{"X-Token-Transport", "body"}, nil, 200, "renew refresh", wantCookies},
		{"with a dead access token", mine + "; __Host-access=expired", homeCSRF, "", nil, nil, 200, "renew refresh", wantCookies},
		{"from the front end", mine, homeCSRF, "", []string{"Origin", frontOrigin, "Sec-Fetch-Site", "same-site"}, nil, 200, "renew refresh", wantCookies},
		{"a body beside the cookie", mine, "", `{"refresh_token":"r"}`, nil, nil, 200, "renew r", nil},
		{"nothing", "", "", "", nil, nil, 401, "", nil},
		{"nothing but an access token", signedInCookies, homeCSRF, "", nil, nil, 401, "", nil},
		{"no token of the page", mine, "", "", nil, nil, 403, "", nil},
		{"a token of another session", mine, otherCSRF, "", nil, nil, 403, "", nil},
		{"from elsewhere", mine, homeCSRF, "", []string{"Origin", "https://evil.example"}, nil, 403, "", nil},
		{"from nowhere", mine, homeCSRF, "", []string{"Origin", "null"}, nil, 403, "", nil},
		{"planted by a neighbour", planted, homeCSRF, "", nil, nil, 403, "", nil},
		{"planted before mine", planted + "; " + mine, homeCSRF, "", nil, nil, 200, "renew refresh", wantCookies},
		{"planted behind mine", mine + "; " + planted, homeCSRF, "", nil, nil, 200, "renew refresh", wantCookies},
		{"nonsense planted before mine", "__Secure-refresh=x; " + mine, homeCSRF, "", nil, nil, 200, "renew refresh", wantCookies},
		{"nonsense", "__Secure-refresh=x", homeCSRF, "", nil, session.ErrReference, 401, "renew x", gone},
		{"nonsense from elsewhere", "__Secure-refresh=x", homeCSRF, "", []string{"Origin", "null"}, nil, 403, "", nil},
		{"a session that has ended", mine, homeCSRF, "", nil, session.ErrEnded, 401, "renew refresh", gone},
		{"a stolen token", mine, homeCSRF, "", nil, session.ErrReused, 401, "renew refresh", gone},
		{"a server in need", mine, homeCSRF, "", nil, core.Unavailable(nil), 503, "renew refresh", nil},
		{"a bad one in the body", "", "", `{"refresh_token":"r"}`, nil, session.ErrEnded, 401, "renew r", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, browsing)
			w.err = test.err
			fields := append([]string{"Cookie", test.cookies + "; __Host-csrf=" + test.csrf, "X-CSRF-Token", test.csrf}, test.fields...)
			got := c.do("POST", "/v1/auth/refresh", test.body, fields...)
			if call := w.said(); got.StatusCode != test.status || call != test.call {
				t.Errorf("%d, reached %q: %s", got.StatusCode, call, got.body)
			}
			if !slices.Equal(described(got), test.sets) {
				t.Errorf("sets %q, want %q", described(got), test.sets)
			}
			if test.sets != nil && strings.Contains(string(got.body), `_token":`) {
				t.Errorf("a token that came in a cookie goes back in a body: %s", got.body)
			}
		})
	}
}

// TestLeavingWithCookies takes the cookies away after everything that ends the caller's session, and leaves the
// known device and whatever else is at this host alone.
func TestLeavingWithCookies(t *testing.T) {
	t.Parallel()
	const refresh = "__Secure-refresh=refresh; __Host-csrf=" + homeCSRF
	for _, test := range []struct {
		name, method, path, cookies, token string
		err                                error
		status                             int
		call                               string
		sets                               []string
	}{
		{"by the access token", "POST", "/v1/auth/logout", signedInCookies, "", nil, 204, "logout " + homeText, gone},
		{"by the refresh token", "POST", "/v1/auth/logout", refresh, "", nil, 204, "logout by refresh", gone},
		{"with a dead access token", "POST", "/v1/auth/logout", refresh + "; __Host-access=expired", "", nil, 204, "logout by refresh", gone},
		{"by a bearer", "POST", "/v1/auth/logout", signedInCookies, "good", nil, 204, "logout " + homeText, nil},
		{"with nothing that lives", "POST", "/v1/auth/logout", "__Host-access=expired", "", nil, 401, "", nil},
		{"with a dead refresh token", "POST", "/v1/auth/logout", refresh, "", session.ErrReference, 401, "logout by refresh", gone},
		{"in a failure", "POST", "/v1/auth/logout", signedInCookies, "", core.Unavailable(nil), 503, "logout " + homeText, nil},
		{"by deletion", "DELETE", "/v1/me", signedInCookies, "", nil, 200, "delete", gone},
		{"by rest", "POST", "/v1/me/deactivate", signedInCookies, "", nil, 204, "deactivate", gone},
		{"of others", "DELETE", "/v1/me/sessions", signedInCookies, "", nil, 204, "end others", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, browsing)
			w.err = test.err
			fields := []string{"Cookie", test.cookies, "X-CSRF-Token", homeCSRF}
			if test.token != "" {
				fields = append(fields, as(test.token)...)
			}
			got := c.do(test.method, test.path, "", fields...)
			if call := w.said(); got.StatusCode != test.status || call != test.call || !slices.Equal(described(got), test.sets) {
				t.Errorf("%d, reached %q, sets %q: %s", got.StatusCode, call, described(got), got.body)
			}
			cleared := got.Header.Get("Clear-Site-Data")
			if want := test.sets != nil && test.err == nil; (cleared == `"cache"`) != want {
				t.Errorf("Clear-Site-Data %q", cleared)
			}
		})
	}
}

// TestKnownDevices keeps what makes a browser known in a cookie of its own: set at a sign-in, presented at the
// next, and shown to no script.
func TestKnownDevices(t *testing.T) {
	t.Parallel()
	c, w := open(t, browsing)
	fresh := entered
	fresh.DeviceToken, fresh.DeviceExpiresIn = "known", 2*time.Hour
	w.register = signin.Registered{SignedIn: &fresh}
	got := c.do("POST", "/v1/auth/register", signIns["register"].body, "X-Token-Transport", "cookie")
	want := append([]string{"__Host-access=", "__Host-csrf="}, "__Host-device=known path=/ domain= age=7200 secure=true http-only=true lax=true")
	for i, line := range want {
		if i >= len(got.Cookies()) || !strings.HasPrefix(described(got)[i], line) {
			t.Errorf("sets %q, want %q", described(got), line)
		}
	}
	if strings.Contains(string(got.body), "known") {
		t.Errorf("the token is in the body too: %s", got.body)
	}
	for cookies, call := range map[string]string{
		"__Host-device=known": "login a p on known", "__Host-device=a; __Host-device=b": "login a p", "device=known": "login a p",
	} {
		w.said()
		c.do("POST", "/v1/auth/login", signIns["login"].body, "Cookie", cookies)
		if said := w.said(); said != call {
			t.Errorf("%q: reached %q, want %q", cookies, said, call)
		}
	}
}

// TestCookiesTooLongForBrowsers fails a sign-in rather than set a cookie that is dropped in silence.
func TestCookiesTooLongForBrowsers(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]int{4096 - len("__Host-access"): 201, 4097 - len("__Host-access"): 500} {
		c, w := open(t, browsing)
		long := entered
		long.Tokens.Access = strings.Repeat("a", size)
		w.register = signin.Registered{SignedIn: &long}
		got := c.do("POST", "/v1/auth/register", signIns["register"].body, "X-Token-Transport", "cookie")
		if got.StatusCode != want || want == 500 && len(got.Cookies()) > 0 {
			t.Errorf("%d bytes: %d %s, sets %d cookies", size, got.StatusCode, got.body, len(got.Cookies()))
		}
	}
}
