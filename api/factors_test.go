package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

func (w *world) entry() signin.Entry {
	if w.challenge != nil {
		return signin.Entry{Challenge: w.challenge}
	}
	return signin.Entry{SignedIn: &entered}
}

func (w *world) SendSecondFactor(ctx context.Context, challenge core.ID, factor mfa.Kind) error {
	return w.called(ctx, "send", challenge.String(), string(factor))
}

func (w *world) VerifySecondFactor(ctx context.Context, step signin.SecondStep) (signin.SignedIn, error) {
	return entered, w.called(ctx, "second", step.Challenge.String(), string(step.Factor), step.Code, fmt.Sprint(step.Trust))
}

var app = mfa.Factor{
	ID: core.ID{15: 5}, UserID: adaID, Kind: mfa.KindTOTP, Label: "Phone", CreatedAt: now, ConfirmedAt: now, LastUsedAt: now,
}

func (w *world) Factors(ctx context.Context, _ core.Principal) (mfa.List, error) {
	mailbox := app
	mailbox.Kind, mailbox.Label = mfa.KindEmail, ""
	return mfa.List{Factors: []mfa.Factor{app, mailbox}, RecoveryCodesLeft: 9}, w.called(ctx, "factors")
}

func (w *world) BeginTOTP(ctx context.Context, _ core.Principal, label string) (mfa.Enrolment, error) {
	return mfa.Enrolment{
		ID: app.ID, Secret: "SEED", URI: "otpauth://totp/x", PNG: []byte("png"), SVG: "<svg/>", ExpiresAt: now,
	}, w.called(ctx, "begin totp", label)
}

func (w *world) ConfirmTOTP(ctx context.Context, _ core.Principal, id core.ID, code string) (mfa.Enrolled, error) {
	return mfa.Enrolled{Factor: app, RecoveryCodes: []string{"A-B"}}, w.called(ctx, "confirm totp", id.String(), code)
}

func (w *world) BeginEmail(ctx context.Context, _ core.Principal) (verification.Receipt, error) {
	return receipt, w.called(ctx, "begin email")
}

func (w *world) ConfirmEmail(ctx context.Context, _ core.Principal, id core.ID, code string) (mfa.Enrolled, error) {
	return mfa.Enrolled{Factor: app}, w.called(ctx, "confirm email factor", id.String(), code)
}

func (w *world) Remove(ctx context.Context, _ core.Principal, id core.ID) error {
	return w.called(ctx, "remove", id.String())
}

func (w *world) MakeRecoveryCodes(ctx context.Context, _ core.Principal) ([]string, error) {
	return []string{"A-B", "C-D"}, w.called(ctx, "recovery codes")
}

func TestFactorsReachTheirUseCase(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, method, path, body, token string
		status                          int
		call, holds                     string
	}{
		{
			"send", "POST", "/v1/auth/mfa/send", `{"challenge_id":"` + someID + `","factor":"email"}`, "",
			202, "send " + someID + " email", `"factor":"email"`,
		},
		{
			"second step", "POST", "/v1/auth/mfa/verify", `{"challenge_id":"` + someID + `","factor":"totp","code":"1"}`, "",
			200, "second " + someID + " totp 1 false", `"access_token":"access"`,
		},
		{
			"second step with trust", "POST", "/v1/auth/mfa/verify",
			`{"challenge_id":"` + someID + `","factor":"recovery_code","code":"A-B","trust_device":true}`, "",
			200, "second " + someID + " recovery_code A-B true", `"tokens"`,
		},
		{
			"factors", "GET", "/v1/me/factors", "", "good", 200, "factors",
			`"kind":"email","label":"","last_used_at":"2026-03-01T12:00:00Z","strength":"weak"}],"recovery_codes_left":9}`,
		},
		{
			"begin totp", "POST", "/v1/me/factors/totp", `{"label":"Phone"}`, "good", 200, "begin totp Phone",
			`"otpauth_uri":"otpauth://totp/x","qr_png":"cG5n","qr_svg":`,
		},
		{
			"confirm totp", "POST", "/v1/me/factors/totp/verify", `{"id":"` + someID + `","code":"493027"}`, "good",
			200, "confirm totp " + someID + " 493027", `"recovery_codes":["A-B"]`,
		},
		{"begin email", "POST", "/v1/me/factors/email", "", "good", 202, "begin email", `"channel":"email"`},
		{
			"confirm email", "POST", "/v1/me/factors/email/verify", `{"verification_id":"` + someID + `","code":"493027"}`, "good",
			200, "confirm email factor " + someID + " 493027", `"strength":"strong"`,
		},
		{"remove", "DELETE", "/v1/me/factors/" + someID, "", "good", 204, "remove " + someID, ""},
		{"recovery codes", "POST", "/v1/me/recovery-codes", "", "good", 200, "recovery codes", `{"recovery_codes":["A-B","C-D"]}`},
		{
			"reauthenticate", "POST", "/v1/me/reauthenticate", `{"factor":"totp","code":"1"}`, "old", 200, "reauthenticate totp1",
			`"enrol_by":null`,
		},
	} {
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

// TestChallenge is the other answer of every first factor. It holds no token and sets no cookie.
func TestChallenge(t *testing.T) {
	t.Parallel()
	for path, body := range map[string]string{
		"/v1/auth/login":        `{"identifier":"ada","password":"p"}`,
		"/v1/auth/verify-email": `{"verification_id":"` + someID + `","code":"493027"}`,
	} {
		c, w := open(t, api.Options{})
		w.challenge = &signin.Challenge{
			ID: core.ID{15: 4}, ExpiresAt: now, Factors: []mfa.Kind{mfa.KindTOTP, mfa.KindRecoveryCode},
		}
		got := c.do("POST", path, body, "X-Token-Transport", "cookie")
		const want = `{"challenge":{"expires_at":"2026-03-01T12:00:00Z","factors":["totp","recovery_code"],"id":"00000000-0000-0000-0000-000000000004"}}`
		if got.StatusCode != http.StatusAccepted || string(got.body) != want || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s %v", path, got.StatusCode, got.body, got.Header)
		}
	}
}

// TestOneProofAtATime refuses what names no proof, half of one, or two.
func TestOneProofAtATime(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{}`: "password:required", `{"code":"1"}`: "factor:required", `{"factor":"totp"}`: "code:required",
		`{"password":"p","factor":"totp","code":"1"}`: "factor:not_allowed",
	} {
		c, w := open(t, api.Options{})
		got := c.do("POST", "/v1/me/reauthenticate", body, as("old")...)
		if flaws := got.flaws(t); flaws != want || w.said() != "" {
			t.Errorf("%s: %s, want %s", body, flaws, want)
		}
	}
}

// TestWhoMustEnrolMayDoNothingElse calls every operation for persons before and after the grace is over.
func TestWhoMustEnrolMayDoNothingElse(t *testing.T) {
	t.Parallel()
	for id, rule := range api.Policy() {
		if !rule.SignedIn {
			continue
		}
		for enrolBy, closed := range map[time.Time]bool{now.Add(time.Second): false, now: !rule.Enrolling} {
			c, w := open(t, api.Options{})
			w.enrolBy = enrolBy
			method, path := placeOf(t, id)
			got := c.do(method, path, "", as("good")...)
			refused := strings.Contains(string(got.body), `"code":"second_factor_required"`)
			if refused != closed || refused && got.StatusCode != http.StatusForbidden {
				t.Errorf("%s until %v: %d %s", id, enrolBy, got.StatusCode, got.body)
			}
		}
	}
}

// placeOf gives the method and a path of an operation.
func placeOf(t *testing.T, id string) (method, path string) {
	t.Helper()
	for path, item := range contract(t).Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.OperationID == id {
				return method, strings.NewReplacer("{id}", someID, "{device_id}", someID, "{token}", "x").Replace(path)
			}
		}
	}
	t.Fatalf("no operation %s", id)
	return "", ""
}
