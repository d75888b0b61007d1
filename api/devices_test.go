package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/signin"
)

// knownCookie is what makes a browser a known device for an hour.
const knownCookie = "__Host-device=known path=/ domain= age=3600 secure=true http-only=true lax=true"

func TestUnlockGivesWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	c, _ := open(t, browsing)
	for transport, inBody := range map[string]bool{"": true, "body": true, "cookie": false} {
		got := c.do("POST", "/v1/auth/unlock", `{"token":"abc"}`, "X-Token-Transport", transport)
		cookies := described(got)
		if held := strings.Contains(string(got.body), "known"); got.StatusCode != http.StatusOK || held != inBody {
			t.Errorf("%q: %d %s", transport, got.StatusCode, got.body)
		}
		if inBody && len(cookies) > 0 || !inBody && (len(cookies) != 1 || cookies[0] != knownCookie) {
			t.Errorf("%q: cookies %q", transport, cookies)
		}
	}
}

// TestTheUnlockPageMakesItsBrowserKnown sends the form of the page, and that of another site.
func TestTheUnlockPageMakesItsBrowserKnown(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{ServePages: true, AppURL: "https://accounts.example.com"})
	form := func(site string) reply {
		return c.do("POST", "/unlock", "token=abc", "Content-Type", formType, "Sec-Fetch-Site", site)
	}
	if got := form("same-origin"); got.StatusCode != http.StatusOK || len(described(got)) != 1 || described(got)[0] != knownCookie {
		t.Errorf("%d, cookies %q", got.StatusCode, described(got))
	}
	w.said()
	if got := form("cross-site"); got.StatusCode != http.StatusForbidden || w.said() != "" || len(got.Cookies()) > 0 {
		t.Errorf("from another site: %d", got.StatusCode)
	}
}

// seen is a domain that notes with what device tokens somebody signs in.
type seen struct {
	*world
	tokens []string
}

func (s *seen) Login(ctx context.Context, with signin.Credentials) (signin.Entry, error) {
	s.tokens = append(s.tokens, with.DeviceToken)
	return s.world.Login(ctx, with)
}

func TestWhereADeviceTokenIsTakenFrom(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ body, cookie, want string }{
		"none":                 {`{"identifier":"a","password":"p"}`, "", ""},
		"body":                 {`{"identifier":"a","password":"p","device_token":"b"}`, "", "b"},
		"cookie":               {`{"identifier":"a","password":"p"}`, "__Host-device=c", "c"},
		"both":                 {`{"identifier":"a","password":"p","device_token":"b"}`, "__Host-device=c", "b"},
		"two cookies":          {`{"identifier":"a","password":"p"}`, "__Host-device=c; __Host-device=d", ""},
		"somebody else's name": {`{"identifier":"a","password":"p"}`, "device=c", ""},
	} {
		domain := &seen{world: &world{}}
		deps := domain.deps()
		deps.Doorman = domain
		app, err := api.New(deps, browsing)
		c := newClient(t, app, err)
		if got := c.do("POST", "/v1/auth/login", test.body, "Cookie", test.cookie); got.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
		if len(domain.tokens) != 1 || domain.tokens[0] != test.want {
			t.Errorf("%s: signed in with %q", name, domain.tokens)
		}
	}
}

func TestListDevicesTellsTheCurrentOne(t *testing.T) {
	t.Parallel()
	c, _ := open(t, browsing)
	for cookie, want := range map[string][2]bool{"": {}, "__Host-device=shown": {true, false}, "__Host-device=other": {false, true}} {
		fields := as("good")
		if cookie != "" {
			fields = append(fields, "Cookie", cookie)
		}
		var list oapi.DeviceList
		if err := json.Unmarshal(c.do("GET", "/v1/me/devices", "", fields...).body, &list); err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{list.Items[0].Current, list.Items[1].Current}; got != want || list.Items[1].Trusted {
			t.Errorf("%q: %+v", cookie, list.Items)
		}
	}
}

func TestAttemptsLeftAreTold(t *testing.T) {
	t.Parallel()
	c, w := open(t, browsing)
	for _, left := range []int{0, 4} {
		refusal := *signin.ErrInvalidCredentials
		refusal.AttemptsLeft = &left
		w.err = &refusal
		got := c.do("POST", "/v1/auth/login", `{"identifier":"a","password":"p"}`).problem(t)
		if got.Code != oapi.ProblemCode(core.CodeInvalidCredentials) || got.AttemptsLeft == nil || *got.AttemptsLeft != left {
			t.Errorf("%d left: %+v", left, got)
		}
	}
	w.err = signin.ErrInvalidCredentials
	if got := c.do("POST", "/v1/auth/login", `{"identifier":"a","password":"p"}`).problem(t); got.AttemptsLeft != nil {
		t.Errorf("told unasked: %+v", got)
	}
}
