package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

const (
	someID   = "0192f0c1-2a7e-7b44-9d5e-3f1a5c7b9e01"
	zeroID   = "00000000-0000-0000-0000-000000000000"
	homeText = "00000000-0000-0000-0000-000000000002"
)

// reach is one call of an operation: the use case that it reaches, with what, and what its reply holds.
type reach struct {
	name, method, path, body, token string
	status                          int
	call, holds                     string
}

var reaches = []reach{
	{
		"register", "POST", "/v1/auth/register",
		`{"email":"a@b.example","username":"ada","password":"pw","name":"Ada","locale":"de"}`, "",
		202, "register a@b.example ada pw Ada de", `"channel":"email"`,
	},
	{
		"verify by code", "POST", "/v1/auth/verify-email",
		`{"verification_id":"` + someID + `","code":"493027"}`, "", 200, "verify " + someID + " 493027", `"token_type":"Bearer"`,
	},
	{"verify by link", "POST", "/v1/auth/verify-email", `{"token":"abc"}`, "", 200, "verify link abc", `{"verified":true}`},
	{"resend by identifier", "POST", "/v1/auth/resend-verification", `{"identifier":"ada"}`, "", 202, "resend to ada", `"verification"`},
	{
		"resend by id", "POST", "/v1/auth/resend-verification", `{"verification_id":"` + someID + `"}`, "",
		202, "resend " + someID, `"verification"`,
	},
	{"username", "GET", "/v1/auth/availability?username=ada", "", "", 200, "username ada", `{"available":true}`},
	{"email", "GET", "/v1/auth/availability?email=a%40b.example", "", "", 200, "email a@b.example", `{"available":false}`},
	{"login", "POST", "/v1/auth/login", `{"identifier":"ada","password":" p w "}`, "", 200, "login ada  p w ", `"access_token":"access"`},
	{"login with a dead token", "POST", "/v1/auth/login", `{"identifier":"ada","password":"p"}`, "dead", 200, "login ada p", `"tokens"`},
	{"refresh", "POST", "/v1/auth/refresh", `{"refresh_token":"r"}`, "", 200, "renew r", `"refresh_expires_in":3600`},
	{"refresh with a dead token", "POST", "/v1/auth/refresh", `{"refresh_token":"r"}`, "expired", 200, "renew r", `"expires_in":900`},
	{"logout", "POST", "/v1/auth/logout", "", "good", 204, "logout " + homeText, ""},
	{"logout by refresh token", "POST", "/v1/auth/logout", `{"refresh_token":"r"}`, "expired", 204, "logout by r", ""},
	{"forgot", "POST", "/v1/auth/forgot-password", `{"identifier":"ada"}`, "", 202, "forgot ada", `"expires_at"`},
	{"check reset", "GET", "/v1/auth/reset-password/a%2Fb", "", "", 204, "check reset a/b", ""},
	{
		"reset by link", "POST", "/v1/auth/reset-password", `{"token":"abc","new_password":"new"}`, "",
		204, "reset abc " + zeroID + "  new", "",
	},
	{
		"reset by code", "POST", "/v1/auth/reset-password",
		`{"verification_id":"` + someID + `","code":"000000","new_password":"new"}`, "", 204, "reset  " + someID + " 000000 new", "",
	},
	{
		"change password", "POST", "/v1/auth/change-password",
		`{"current_password":"a","new_password":"b"}`, "good", 204, "change a b", "",
	},
	{
		"estimate", "POST", "/v1/auth/password-strength", `{"password":"a b","context":["c","d"]}`, "", 200, "appraise a b c d",
		`{"acceptable":false,"errors":[{"code":"password_contains_context","message":"Leave out names."}],"guesses_log10":4.5,"score":1,"warning":"personal"}`,
	},
	{
		"activity", "GET", "/v1/me/activity", "", "good", 200, "search subject=00000000-0000-0000-0000-000000000001 0 " + zeroID,
		`"next_cursor":"`,
	},
	{"unlock", "POST", "/v1/auth/unlock", `{"token":"abc"}`, "", 200, "unlock abc", `"device_token":"known"`},
	{"devices", "GET", "/v1/me/devices?limit=2", "", "good", 200, "devices 2", `"trusted":true,"trusted_until":"`},
	{"forget device", "DELETE", "/v1/me/devices/" + someID, "", "good", 204, "forget " + someID, ""},
	{"forget devices", "DELETE", "/v1/me/devices", "", "good", 204, "forget all", ""},
	{"undo email change", "POST", "/v1/auth/undo-email-change", `{"token":"abc"}`, "", 204, "undo email abc", ""},
	{"restore", "POST", "/v1/auth/restore", `{"token":"abc"}`, "", 204, "restore abc", ""},
	{"keys", "GET", "/.well-known/jwks.json", "", "", 200, "", `{"keys":[]}`},
	{"me", "GET", "/v1/me", "", "good", 200, "", `"email":"ada@example.com"`},
	{"head of me", "HEAD", "/v1/me", "", "good", 200, "", ""},
	{"update", "PATCH", "/v1/me", `{"name":"A","bio":null,"phone":"+49151"}`, "good", 200, "profile =A - = - - =+49151", `"bio":null`},
	{"delete", "DELETE", "/v1/me", "", "good", 200, "delete", `"purge_at":"2026-03-01T13:00:00Z"`},
	{"deactivate", "POST", "/v1/me/deactivate", "", "good", 204, "deactivate", ""},
	{"change email", "POST", "/v1/me/email", `{"email":"n@e.example"}`, "good", 202, "change email n@e.example", `"verification"`},
	{
		"confirm email", "POST", "/v1/me/email/verify", `{"verification_id":"` + someID + `","code":"493027"}`, "good",
		200, "confirm email " + someID + " 493027", `"session"`,
	},
	{"settings", "GET", "/v1/me/settings", "", "old", 200, "", `"notifications":{"already_registered":true,`},
	{
		"update settings", "PATCH", "/v1/me/settings",
		`{"always_ask_second_factor":true,"notifications":{"device_trusted":false,"session_evicted":true}}`, "old",
		200, "settings ask=true device_trusted=false session_evicted=true", `"always_ask_second_factor":false`,
	},
	{
		"settings by default", "PATCH", "/v1/me/settings",
		`{"always_ask_second_factor":null,"notifications":{"already_registered":null}}`, "good",
		200, "settings ask=false already_registered=true", `"notifications"`,
	},
	{
		"preferences", "PATCH", "/v1/me/settings",
		`{"theme":"dark","language":"de-AT","timezone":"Europe/Vienna","visibility":"members"}`, "good",
		200, "settings theme=dark language=de-AT timezone=Europe/Vienna visibility=members",
		`"theme":"system","timezone":null,"visibility":"private"}`,
	},
	{
		"preferences by default", "PATCH", "/v1/me/settings",
		`{"theme":null,"language":null,"timezone":null,"visibility":null}`, "good",
		200, "settings theme= language= timezone= visibility=", `"language":null`,
	},
	{"sessions", "GET", "/v1/me/sessions?limit=2", "", "good", 200, "list 2 " + zeroID, `"next_cursor":null`},
	{"end session", "DELETE", "/v1/me/sessions/" + someID, "", "good", 204, "end " + someID, ""},
	{"end others", "DELETE", "/v1/me/sessions", "", "good", 204, "end others", ""},
	{"reauthenticate", "POST", "/v1/me/reauthenticate", `{"password":"p"}`, "old", 200, "reauthenticate p", `"tokens"`},
}

// TestOperationsReachTheirUseCase calls every operation once: the use case it reaches, with what, and the
// status of its reply. The contract is checked by the client.
func TestOperationsReachTheirUseCase(t *testing.T) {
	t.Parallel()
	for _, test := range reaches {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			var fields []string
			if test.token != "" {
				fields = as(test.token)
			}
			got := c.do(test.method, test.path, test.body, fields...)
			if got.StatusCode != test.status || !strings.Contains(string(got.body), test.holds) {
				t.Errorf("%d %s; want %d with %s", got.StatusCode, got.body, test.status, test.holds)
			}
			if call := w.said(); call != test.call {
				t.Errorf("reached %q, want %q", call, test.call)
			}
		})
	}
}

// TestRegisterSignsInWithoutVerification is the other answer of a registration.
func TestRegisterSignsInWithoutVerification(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{})
	w.register = signin.Registered{SignedIn: &entered}
	got := c.do("POST", "/v1/auth/register", `{"email":"a@b.example","password":"pw","name":"Ada"}`)
	if got.StatusCode != http.StatusCreated || !strings.Contains(string(got.body), `"access_token"`) {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// TestPagesOfSessions follows a cursor.
func TestPagesOfSessions(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{})
	w.next = core.Position{At: now, ID: core.ID{15: 9}}
	first := c.do("GET", "/v1/me/sessions?limit=2", "", as("good")...)
	_, cursor, _ := strings.Cut(string(first.body), `"next_cursor":"`)
	cursor, _, _ = strings.Cut(cursor, `"`)
	w.said()
	c.do("GET", "/v1/me/sessions?limit=2&cursor="+cursor, "", as("good")...)
	if call := w.said(); call != "list 2 00000000-0000-0000-0000-000000000009" {
		t.Errorf("reached %q", call)
	}
	if got := c.do("GET", "/v1/me/sessions?cursor=nonsense", "", as("good")...).flaws(t); got != "cursor:invalid_format" {
		t.Errorf("a bad cursor: %q", got)
	}
}

// TestErrorsOfTheDomain holds each kind of failure against its status and what goes with it.
func TestErrorsOfTheDomain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, method, path, body, token string
		err                             error
		status                          int
		code                            core.Code
	}{
		{"wrong code", "POST", "/v1/auth/verify-email", `{"verification_id":"` + someID + `","code":"000000"}`, "", verification.ErrCode, 400, core.CodeInvalidCode},
		{"dead link", "POST", "/v1/auth/restore", `{"token":"x"}`, "", verification.ErrLink, 410, core.CodeInvalidLink},
		{"dead reset link", "GET", "/v1/auth/reset-password/x", "", "", verification.ErrLink, 410, core.CodeInvalidLink},
		{"taken", "POST", "/v1/auth/register", `{"email":"a@b.c","password":"p","name":"n"}`, "", account.ErrUsernameTaken, 409, core.CodeUsernameTaken},
		{"last owner", "DELETE", "/v1/me", "", "good", account.ErrLastOwner, 409, core.CodeLastOwner},
		{"no such session", "DELETE", "/v1/me/sessions/" + someID, "", "good", core.ErrNotFound, 404, core.CodeNotFound},
		{"unknown error", "POST", "/v1/me/deactivate", "", "good", errors.New("secret of the pool"), 500, core.CodeInternal},
		{"database away", "POST", "/v1/me/deactivate", "", "good", core.Unavailable(errors.New("x")), 503, core.CodeUnavailable},
		{"undeclared", "POST", "/v1/me/deactivate", "", "good", core.ErrNotFound, 500, core.CodeInternal},
		{"field as a whole", "DELETE", "/v1/me/sessions/" + someID, "", "good", core.NewError(core.KindInvalid, core.CodeInvalidFormat, "?"), 400, core.CodeInvalidInput},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			w.err = test.err
			var fields []string
			if test.token != "" {
				fields = as(test.token)
			}
			got := c.do(test.method, test.path, test.body, fields...)
			if problem := got.problem(t); got.StatusCode != test.status || core.Code(problem.Code) != test.code {
				t.Errorf("%d %s", got.StatusCode, got.body)
			}
			if strings.Contains(string(got.body), "pool") {
				t.Errorf("the cause is shown: %s", got.body)
			}
			if retry := got.Header.Get("Retry-After"); (test.status == 503) != (retry == "1") {
				t.Errorf("Retry-After %q", retry)
			}
		})
	}
}
