package api_test

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/limit"
	"github.com/doorward/doorward/core/limit/limittest"
)

// someLimits are narrow for all but the names given, which are pairs of a name and a limit.
func someLimits(t *testing.T, pairs ...string) api.Limits {
	t.Helper()
	limits := api.Limits{}
	for _, name := range api.LimitNames() {
		limits[name] = limit.Limit{Burst: 1000, Period: time.Minute}
	}
	for i := 0; i < len(pairs); i += 2 {
		parsed, err := limit.Parse(pairs[i+1])
		if err != nil || limits[pairs[i]] == (limit.Limit{}) {
			t.Fatalf("%s: %v", pairs[i], err)
		}
		limits[pairs[i]] = parsed
	}
	return limits
}

// limitedWorld is a world whose calls are counted.
type limitedWorld struct {
	*client
	*world
	clock *coretest.Clock
}

// openLimited makes a client of a world with limits, behind a proxy that is trusted: X-Forwarded-For says who
// calls.
func openLimited(t *testing.T, pairs ...string) limitedWorld {
	t.Helper()
	w, clock := &world{}, coretest.NewClock()
	w.register.Receipt = &receipt
	deps := w.deps()
	deps.Limiter, deps.Ceiling = limittest.NewMemory(clock), limittest.NewMemory(clock)
	app, err := api.New(deps, api.Options{
		Limits: someLimits(t, pairs...), ServePages: true,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")},
	})
	return limitedWorld{newClient(t, app, err), w, clock}
}

// from sends a request as if it came from the address.
func (l limitedWorld) from(address, method, target, body string, fields ...string) reply {
	l.t.Helper()
	return l.do(method, target, body, append([]string{"X-Forwarded-For", address}, fields...)...)
}

// passes counts how many of the calls pass before one is refused; -1 means that none is.
func passes(most int, call func(i int) reply) int {
	for i := range most {
		if call(i).StatusCode == http.StatusTooManyRequests {
			return i
		}
	}
	return -1
}

const (
	here  = "203.0.113.7"
	there = "198.51.100.1"
	// genuine and genuineOther are refresh tokens of two sessions.
	genuine, genuineOther = "refresh", "planted"

	codeOf = `{"verification_id":"` + someID + `","code":"493027"}`
)

func loginBody(identifier string) string {
	return `{"identifier":` + strconv.Quote(identifier) + `,"password":"p"}`
}

// limited is a call that a limit ends.
type limited struct {
	name, limit, method, path, body, token string
	// free is another body, and freeFrom another address, that the refusal does not concern.
	free, freeFrom string
}

var limitedCalls = []limited{
	{"login by pair", "login", "POST", "/v1/auth/login", loginBody("ada"), "", loginBody("bob"), there},
	{"login by address", "login-address", "POST", "/v1/auth/login", loginBody("ada"), "", "", there},
	{"register by pair", "register", "POST", "/v1/auth/register", `{"email":"a@b.example","password":"p","name":"n"}`, "", `{"email":"c@b.example","password":"p","name":"n"}`, there},
	{"register by address", "register-address", "POST", "/v1/auth/register", `{"email":"a@b.example","password":"p","name":"n"}`, "", "", there},
	{"forgot by pair", "forgot", "POST", "/v1/auth/forgot-password", `{"identifier":"ada"}`, "", `{"identifier":"bob"}`, there},
	{"forgot by address", "forgot-address", "POST", "/v1/auth/forgot-password", `{"identifier":"ada"}`, "", "", there},
	{"resend by pair", "resend", "POST", "/v1/auth/resend-verification", `{"identifier":"ada"}`, "", `{"verification_id":"` + someID + `"}`, there},
	{"resend by verification", "resend", "POST", "/v1/auth/resend-verification", `{"verification_id":"` + someID + `"}`, "", `{"verification_id":"` + homeText + `"}`, there},
	{"resend by address", "resend-address", "POST", "/v1/auth/resend-verification", `{"identifier":"ada"}`, "", "", there},
	{"code by verification", "verify", "POST", "/v1/auth/verify-email", codeOf, "", strings.ReplaceAll(codeOf, someID, homeText), there},
	{"code by address", "verify-address", "POST", "/v1/auth/verify-email", codeOf, "", "", there},
	{"link by address", "verify-address", "POST", "/v1/auth/verify-email", `{"token":"abc"}`, "", "", there},
	{"reset by verification", "verify", "POST", "/v1/auth/reset-password", `{"verification_id":"` + someID + `","code":"493027","new_password":"n"}`, "", `{"token":"abc","new_password":"n"}`, there},
	{"reset by link", "verify-address", "POST", "/v1/auth/reset-password", `{"token":"abc","new_password":"n"}`, "", "", there},
	{"reset link asked about", "links", "GET", "/v1/auth/reset-password/abc", "", "", "", there},
	{"undo", "links", "POST", "/v1/auth/undo-email-change", `{"token":"abc"}`, "", "", there},
	{"restore", "links", "POST", "/v1/auth/restore", `{"token":"abc"}`, "", "", there},
	{"refresh by session", "refresh", "POST", "/v1/auth/refresh", `{"refresh_token":"` + genuine + `"}`, "", `{"refresh_token":"` + genuineOther + `"}`, ""},
	{"refresh by nobody", "address", "POST", "/v1/auth/refresh", `{"refresh_token":"forged"}`, "", `{"refresh_token":"` + genuine + `"}`, there},
	{"reauthenticate by session", "verify", "POST", "/v1/me/reauthenticate", `{"password":"p"}`, "good", "", ""},
	{"change password by session", "verify", "POST", "/v1/auth/change-password", `{"current_password":"p","new_password":"n"}`, "good", "", ""},
	{"new address by session", "verify", "POST", "/v1/me/email/verify", codeOf, "good", "", ""},
	{"signed in", "session", "GET", "/v1/me", "", "good", "", ""},
	{"signed in, not recently", "session", "POST", "/v1/me/email", `{"email":"a@b.example"}`, "old", "", ""},
	{"not signed in", "address", "GET", "/v1/me", "", "", "", there},
	{"with a bad token", "address", "GET", "/v1/me", "", "bad", "", there},
	{"signed in already", "address", "POST", "/v1/auth/login", loginBody("ada"), "good", "", there},
	{"key set", "address", "GET", "/.well-known/jwks.json", "", "", "", there},
	{"availability", "address", "GET", "/v1/auth/availability?username=ada", "", "", "", there},
	{"no such path", "address", "GET", "/v1/nothing", "", "", "", there},
	{"no such method", "address", "PUT", "/v1/me", "", "", "", there},
	{"hidden", "address", "GET", "/health/db", "", "", "", there},
	{"what is not valid", "address", "POST", "/v1/auth/login", `{"nonsense":1}`, "", "", there},
	{"what is not valid, of a narrow one", "login-address", "POST", "/v1/auth/login", `{"nonsense":1}`, "", "", there},
	{"the contract", "address", "GET", "/openapi.yaml", "", "", "", there},
	{"the reference", "address", "GET", "/docs", "", "", "", there},
	{"a page", "address", "GET", "/verify-email?token=abc", "", "", "", there},
}

// TestGuessesOfProgramsAreNotLookedUp makes up tokens of programs until the address has used up its calls: from then on
// nobody is asked about them, while a token that was good here stays good.
func TestGuessesOfProgramsAreNotLookedUp(t *testing.T) {
	t.Parallel()
	l := openLimited(t, api.LimitAddress, "3/1h")
	show := func(address, token string) int {
		return l.from(address, "GET", "/v1/me", "", "Authorization", "Bearer "+token).StatusCode
	}
	coretest.Equal(t, http.StatusOK, show(here, "dwp_good"))
	for i := range 30 {
		want := http.StatusUnauthorized
		if i >= 3 {
			want = http.StatusTooManyRequests
		}
		coretest.Equal(t, want, show(here, "dws_guess"+strconv.Itoa(i)))
	}
	if asked := l.lookups.Load(); asked > 1+3+3+1 { // the good one, those that are counted, as many that are spared, the refusal
		t.Errorf("%d tokens were looked up", asked)
	}
	coretest.Equal(t, http.StatusOK, show(here, "dwp_good"))
	coretest.Equal(t, http.StatusUnauthorized, show(there, "dws_guess"))
}

// TestNeighboursShutNoProgramOut has others at the address use up its calls before a program comes for the first time.
func TestNeighboursShutNoProgramOut(t *testing.T) {
	t.Parallel()
	l := openLimited(t, api.LimitAddress, "3/1h")
	coretest.Equal(t, 3, passes(10, func(int) reply { return l.from(here, "GET", "/v1/me", "") }))
	coretest.Equal(t, http.StatusOK, l.from(here, "GET", "/v1/me", "", "Authorization", "Bearer dwp_good").StatusCode)
}

// TestLimitsOfOperations makes each limited call until it is refused, and then the one that must still pass.
func TestLimitsOfOperations(t *testing.T) {
	t.Parallel()
	for _, test := range limitedCalls {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := openLimited(t, test.limit, "3/1m")
			var fields []string
			if test.token != "" {
				fields = as(test.token)
			}
			var last reply
			got := passes(10, func(int) reply {
				last = l.from(here, test.method, test.path, test.body, fields...)
				return last
			})
			if got != 3 {
				t.Fatalf("%d passed, want 3; the last: %d %s", got, last.StatusCode, last.body)
			}
			problem := last.problem(t)
			if problem.Code != "rate_limited" || last.Header.Get("Retry-After") != "20" ||
				last.Header.Get("RateLimit") != `"`+test.limit+`";r=0;t=60` || last.Header.Get("RateLimit-Policy") != `"`+test.limit+`";q=3;w=60` {
				t.Errorf("refused with %s %v", last.body, last.Header)
			}
			reached := l.said()
			if again := l.from(here, test.method, test.path, test.body, fields...); again.StatusCode != http.StatusTooManyRequests || l.said() != "" {
				t.Errorf("%d, after %s", again.StatusCode, reached)
			}
			if test.free != "" && l.from(here, test.method, test.path, test.free, fields...).StatusCode == http.StatusTooManyRequests {
				t.Error("another is refused as well")
			}
			if test.freeFrom != "" && l.from(test.freeFrom, test.method, test.path, test.body, fields...).StatusCode == http.StatusTooManyRequests {
				t.Error("another address is refused as well")
			}
			l.clock.Advance(20 * time.Second)
			if l.from(here, test.method, test.path, test.body, fields...).StatusCode == http.StatusTooManyRequests {
				t.Error("refused after the wait that was told")
			}
		})
	}
}

// TestLimitsTellTheTightest follows the fields over the calls of one client.
func TestLimitsTellTheTightest(t *testing.T) {
	t.Parallel()
	l := openLimited(t, "address", "9/3m", "login-address", "4/1m", "login", "5/1m", "session", "7/70s")
	for i, want := range []string{`"login-address";r=3;t=15`, `"login-address";r=2;t=30`, `"login-address";r=1;t=45`} {
		if got := l.from(here, "POST", "/v1/auth/login", loginBody("ada")).Header.Get("RateLimit"); got != want {
			t.Errorf("call %d: %s, want %s", i, got, want)
		}
	}
	for path, want := range map[string]string{"/v1/me": `"session";r=6;t=10`, "/v1/auth/availability?username=ada": `"address";r=5;t=80`} {
		got := l.from(here, "GET", path, "", as("good")...).Header
		if got.Get("RateLimit") != want || got.Get("RateLimit-Policy") == "" {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// TestLimitsKnowTheAccount counts every spelling of an account as one.
func TestLimitsKnowTheAccount(t *testing.T) {
	t.Parallel()
	for name, spellings := range map[string][]string{
		"address":      {"ada@example.com", "ADA@EXAMPLE.COM", " ada@example.com ", "Ada@Example.com"},
		"username":     {"ada", "ADA", " ada ", "Ada"},
		"nobody":       {"@", "a@", "..", "@b"},
		"verification": {someID, strings.ToUpper(someID), someID, strings.ToUpper(someID[:8]) + someID[8:]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openLimited(t, "resend", "3/1m")
			got := passes(4, func(i int) reply {
				member := "identifier"
				if name == "verification" {
					member = "verification_id"
				}
				return l.from(here, "POST", "/v1/auth/resend-verification", `{"`+member+`":"`+spellings[i]+`"}`)
			})
			if got != 3 {
				t.Errorf("%d passed, want 3", got)
			}
		})
	}
}

// TestLimitsCountSites counts the addresses of a /64 as one, whatever header a client makes up.
func TestLimitsCountSites(t *testing.T) {
	t.Parallel()
	for name, field := range map[string]func(i int) []string{
		"a /64":          func(i int) []string { return []string{"X-Forwarded-For", "2001:db8::" + strconv.Itoa(i)} },
		"mapped":         func(i int) []string { return []string{"X-Forwarded-For", []string{here, "::ffff:" + here}[i%2]} },
		"made up before": func(i int) []string { return []string{"X-Forwarded-For", "192.0.2." + strconv.Itoa(i) + ", " + here} },
		"made up, of the other kind": func(i int) []string {
			return []string{"X-Forwarded-For", here, "Forwarded", "for=192.0.2." + strconv.Itoa(i)}
		},
		"made up, of the usual kind": func(i int) []string {
			return []string{"Forwarded", "for=" + here, "X-Forwarded-For", "192.0.2." + strconv.Itoa(i)}
		},
		"made up before, of the new kind": func(i int) []string { return []string{"Forwarded", "for=192.0.2." + strconv.Itoa(i) + ", for=" + here} },
		"made up, of no kind": func(i int) []string {
			return []string{"X-Real-IP", "192.0.2." + strconv.Itoa(i), "Client-IP", strconv.Itoa(i)}
		},
		"a port": func(i int) []string { return []string{"Forwarded", `for="` + here + ":" + strconv.Itoa(1000+i) + `"`} },
		"a quote that would hide the rest": func(i int) []string {
			return []string{"Forwarded", `for=192.0.2.` + strconv.Itoa(i) + `;x=", for=` + here}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openLimited(t, "address", "3/1m")
			got := passes(8, func(i int) reply { return l.do("GET", "/v1/nothing", "", field(i)...) })
			if got != 3 {
				t.Errorf("%d passed, want 3", got)
			}
		})
	}
}

// TestLimitsSpareOthers wants what one client has used up not to concern its signed-in neighbours, nor those
// who keep the server running.
func TestLimitsSpareOthers(t *testing.T) {
	t.Parallel()
	l := openLimited(t, "address", "1/1h", "login-address", "1/1h", "links", "1/1h", "verify-address", "1/1h")
	l.from(here, "POST", "/v1/auth/login", loginBody("ada"))
	for i := range 5 {
		for path, fields := range map[string][]string{
			"/v1/me": as("good"), "/health": nil, "/health/live": nil, "/health/ready": nil,
		} {
			if got := l.from(here, "GET", path, "", fields...); got.StatusCode != http.StatusOK {
				t.Errorf("call %d of %s: %d", i, path, got.StatusCode)
			}
		}
		for path, body := range map[string]string{
			"/v1/auth/refresh": `{"refresh_token":"` + genuine + `"}`, "/v1/me/reauthenticate": `{"password":"p"}`,
		} {
			if got := l.from(here, "POST", path, body, as("good")...); got.StatusCode != http.StatusOK {
				t.Errorf("call %d of %s: %d", i, path, got.StatusCode)
			}
		}
	}
	if got := l.from(here, "POST", "/v1/auth/login", loginBody("bob")); got.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the address itself: %d", got.StatusCode)
	}
}

// TestLimitsOfPages refuses forms like the calls that they stand for, as a page.
func TestLimitsOfPages(t *testing.T) {
	t.Parallel()
	for path, name := range map[string]string{"/reset-password": "verify-address", "/verify-email": "verify-address", "/restore": "links", "/undo-email-change": "links"} {
		l := openLimited(t, name, "2/1m")
		form := func(int) reply {
			return l.from(here, "POST", path, "token=abc&new_password=correct+horse", "Content-Type", "application/x-www-form-urlencoded")
		}
		if got := passes(5, form); got != 2 {
			t.Errorf("%s: %d passed", path, got)
		}
		l.said()
		refused := form(0)
		if l.said() != "" || !strings.HasPrefix(refused.Header.Get("Content-Type"), "text/html") || refused.Header.Get("Retry-After") != "30" {
			t.Errorf("%s: refused with %v", path, refused.Header)
		}
	}
}

// TestLimitsCountTheUnreadable counts requests that never reach the edge.
func TestLimitsCountTheUnreadable(t *testing.T) {
	t.Parallel()
	l := openLimited(t, "address", "3/1m")
	address := serve(t, l.app)
	for i, want := range []int{400, 400, 400, 429, 429} {
		got, _, _ := exchange(t, address, "GET /v1/me HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") //nolint:bodyclose // exchange reads it to its end
		if got.StatusCode != want || (got.Header.Get("Retry-After") != "") != (want == http.StatusTooManyRequests) {
			t.Errorf("request %d: %d %v", i, got.StatusCode, got.Header)
		}
	}
}

// TestLimitsRace wants no more calls to pass than there may, however many come at once.
func TestLimitsRace(t *testing.T) {
	t.Parallel()
	l := openLimited(t, "login", "5/1h")
	passed := coretest.Race(t, 40, errTooMany, func(context.Context, int) error {
		if l.from(here, "POST", "/v1/auth/login", loginBody("ada")).StatusCode == http.StatusTooManyRequests {
			return errTooMany
		}
		return nil
	})
	if passed != 5 {
		t.Errorf("%d passed", passed)
	}
}

var errTooMany = core.NewError(core.KindLimited, core.CodeRateLimited, "")

// TestLimitsFitContract wants every operation that can be refused to say so, with the fields, and no other.
func TestLimitsFitContract(t *testing.T) {
	t.Parallel()
	uncounted := api.UncountedOperations()
	for path, item := range contract(t).Paths.Map() {
		for method, operation := range item.Operations() {
			response := operation.Responses.Value("429")
			if exempt := slices.Contains(uncounted, operation.OperationID); exempt == (response != nil) || exempt != (operation.Extensions["x-uncounted"] == true) {
				t.Errorf("%s %s: declares 429 is %v, uncounted is %v", method, path, response != nil, exempt)
			}
			if response == nil {
				continue
			}
			for _, field := range []string{"Retry-After", "RateLimit", "RateLimit-Policy"} {
				if response.Value.Headers[field] == nil {
					t.Errorf("%s %s: 429 lacks %s", method, path, field)
				}
			}
		}
	}
}

// TestLimitsAreComplete refuses to serve with a limit missing.
func TestLimitsAreComplete(t *testing.T) {
	t.Parallel()
	for _, name := range api.LimitNames() {
		w := &world{}
		deps, limits := w.deps(), someLimits(t)
		deps.Limiter, deps.Ceiling = limittest.NewMemory(deps.Clock), limittest.NewMemory(deps.Clock)
		delete(limits, name)
		if _, err := api.New(deps, api.Options{Limits: limits}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// TestNoAccountIsLimitedAlone wants every limit that names an account to name the address too: else anybody
// could keep its owner out.
func TestNoAccountIsLimitedAlone(t *testing.T) {
	t.Parallel()
	for path, body := range map[string]string{
		"/v1/auth/login": loginBody("ada"), "/v1/auth/forgot-password": `{"identifier":"ada"}`,
		"/v1/auth/resend-verification": `{"identifier":"ada"}`, "/v1/auth/register": `{"email":"a@b.example","password":"p","name":"n"}`,
	} {
		l := openLimited(t, "login", "1/1h", "forgot", "1/1h", "resend", "1/1h", "register", "1/1h")
		for i := range 20 {
			if got := l.from("198.51.100."+strconv.Itoa(i), "POST", path, body); got.StatusCode == http.StatusTooManyRequests {
				t.Fatalf("%s: address %d is refused for what others did", path, i)
			}
		}
	}
}
