package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/api/specguard"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/idempotency/idempotencytest"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/verification"
)

// now is the time of these tests.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world stands in for the whole domain: every use case notes its call and answers with err or with ada.
type world struct {
	mu    sync.Mutex
	calls []string
	err   error
	// lookups counts the tokens that were asked about.
	lookups atomic.Int64
	// hold, if set, is called in place of every use case.
	hold func(ctx context.Context) error
	// next is where the following page of sessions begins.
	next     core.Position
	register signin.Registered
	messages []mail.Message
	// challenge is what a first factor is answered with, where it is not nil.
	challenge *signin.Challenge
	// others are further events of the audit log.
	others []audit.Event
	// keys are those of calls that may be repeated; keysAway makes them unknown.
	keys     *idempotencytest.Memory
	keysAway bool
	// denials are the refusals that the edge has written down.
	denials []audit.Event
	// enrolBy is until when the caller may do without a second factor.
	enrolBy time.Time
	// holds are the permissions of the caller beside those that everybody has.
	holds []access.Bit
	// means is how the caller with the token "means" comes, and bounded all that they hold.
	means   core.Means
	bounded access.Set
}

func (w *world) rights() access.Rights {
	return access.Rights{Who: adaID, Set: access.NewSet(append([]access.Bit{access.MeRead, access.MeWrite}, w.holds...)...)}
}

var (
	adaID   = core.ID{15: 1}
	homeID  = core.ID{15: 2}
	otherID = core.ID{15: 9}
	ada     = account.User{
		ID: adaID, Email: "ada@example.com", EmailVerified: true, Username: "ada",
		Profile: account.Profile{Name: "Ada Lovelace"}, PasswordChangedAt: now, Status: account.StatusActive,
		Roles: []string{account.RoleUser}, Source: account.SourceRegistered, CreatedAt: now, UpdatedAt: now, PurgeAt: now.Add(time.Hour),
	}
	home = session.Session{
		ID: homeID, UserID: adaID, Device: origin.Device{Kind: "desktop", Browser: "Firefox", OS: "Linux", IP: "203.0.113.7"},
		Factors: []string{account.FactorPassword}, AuthTime: now, CreatedAt: now, LastUsedAt: now,
		IdleExpiresAt: now.Add(time.Hour), ExpiresAt: now.Add(2 * time.Hour),
	}
	receipt = verification.Receipt{ID: core.ID{15: 3}, Channel: verification.ChannelEmail, ExpiresAt: now.Add(time.Minute)}
	entered = signin.SignedIn{User: ada, Session: home, Tokens: signin.Tokens{
		Access: "access", Refresh: "refresh", ExpiresIn: 15 * time.Minute, RefreshExpiresIn: time.Hour,
	}}
)

func (w *world) Appraise(ctx context.Context, password string, known ...string) (credential.Appraisal, error) {
	return credential.Appraisal{
		Estimate: credential.Estimate{Score: 1, GuessesLog10: 4.5, Warning: credential.WarningPersonal},
		Flaws:    []core.FieldError{{Field: "password", Code: core.CodePasswordContext, Message: "Leave out names."}},
	}, w.called(ctx, append([]string{"appraise", password}, known...)...)
}

func (w *world) called(ctx context.Context, call ...string) error {
	if w.hold != nil {
		return w.hold(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, strings.Join(call, " "))
	return w.err
}

// nothing is a domain that does nothing and notes nothing.
func nothing(context.Context) error { return nil }

// said gives the calls so far and forgets them.
func (w *world) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := strings.Join(w.calls, "; ")
	w.calls = nil
	return calls
}

func (w *world) Authenticate(_ context.Context, raw string) (signin.Authenticated, error) {
	principal := core.Principal{UserID: adaID, SessionID: homeID, AuthTime: now, Roles: ada.Roles}
	w.lookups.Add(1)
	switch raw {
	case "good", "dwp_good":
	case "old":
		principal.AuthTime = now.Add(-time.Hour)
	case "means":
		return signin.Authenticated{
			Principal: principalBy(w.means), User: ada, Rights: access.Rights{Who: adaID, Set: w.bounded},
		}, nil
	case "expired":
		return signin.Authenticated{}, token.ErrExpired
	case "outage":
		return signin.Authenticated{}, core.Unavailable(errors.New("no database"))
	default:
		return signin.Authenticated{}, token.ErrInvalid
	}
	return signin.Authenticated{
		Principal: principal, User: ada, Session: home, EnrolBy: w.enrolBy, Rights: w.rights(),
	}, nil
}

func (w *world) Register(ctx context.Context, r signin.Registration) (signin.Registered, error) {
	err := w.called(ctx, "register", r.Email, r.Username, r.Password, r.Profile.Name, r.Profile.Locale)
	return w.register, err
}

func (w *world) Resend(ctx context.Context, id core.ID) (verification.Receipt, error) {
	return receipt, w.called(ctx, "resend", id.String())
}

func (w *world) ResendTo(ctx context.Context, identifier string) (verification.Receipt, error) {
	return receipt, w.called(ctx, "resend to", identifier)
}

func (w *world) VerifyCode(ctx context.Context, id core.ID, code string) (signin.Entry, error) {
	return w.entry(), w.called(ctx, "verify", id.String(), code)
}

func (w *world) VerifyLink(ctx context.Context, token string) error {
	return w.called(ctx, "verify link", token)
}

func (w *world) UsernameAvailable(ctx context.Context, username string) (bool, error) {
	return true, w.called(ctx, "username", username)
}

func (w *world) EmailAvailable(ctx context.Context, email string) (bool, error) {
	return false, w.called(ctx, "email", email)
}

func (w *world) Login(ctx context.Context, with signin.Credentials) (signin.Entry, error) {
	call := []string{"login", with.Identifier, with.Password}
	if with.DeviceToken != "" {
		call = append(call, "on", with.DeviceToken)
	}
	return w.entry(), w.called(ctx, call...)
}

func (w *world) Refresh(ctx context.Context, refresh string) (signin.SignedIn, error) {
	return entered, w.called(ctx, "renew", refresh)
}

func (w *world) Reauthenticate(ctx context.Context, _ core.Principal, with signin.Confirmation) (signin.SignedIn, error) {
	return entered, w.called(ctx, "reauthenticate", with.Password+string(with.Factor)+with.Code)
}

func (w *world) Logout(ctx context.Context, p core.Principal) error {
	return w.called(ctx, "logout", p.SessionID.String())
}

func (w *world) LogoutByRefresh(ctx context.Context, refresh string) error {
	return w.called(ctx, "logout by", refresh)
}

func (w *world) Forgot(ctx context.Context, identifier string) (verification.Receipt, error) {
	return receipt, w.called(ctx, "forgot", identifier)
}

func (w *world) CheckReset(ctx context.Context, token string) error {
	return w.called(ctx, "check reset", token)
}

func (w *world) Reset(ctx context.Context, r credential.ResetRequest) error {
	return w.called(ctx, "reset", r.Token, r.VerificationID.String(), r.Code, r.NewPassword)
}

func (w *world) Change(ctx context.Context, _ core.Principal, current, fresh string) error {
	return w.called(ctx, "change", current, fresh)
}

func (w *world) UpdateProfile(ctx context.Context, _ core.Principal, c account.ProfileChange) (account.User, error) {
	text := func(field *string) string {
		if field == nil {
			return "-"
		}
		return "=" + *field
	}
	return ada, w.called(ctx, "profile", text(c.Name), text(c.Username), text(c.Bio), text(c.ImageURL), text(c.Locale), text(c.Phone))
}

func (w *world) UpdateSettings(ctx context.Context, _ core.Principal, c account.SettingsChange) (account.User, error) {
	call := []string{"settings"}
	if c.AlwaysAsk != nil {
		call = append(call, fmt.Sprint("ask=", *c.AlwaysAsk))
	}
	for _, kind := range slices.Sorted(maps.Keys(c.Notices)) {
		call = append(call, fmt.Sprint(kind, "=", c.Notices[kind]))
	}
	for _, setting := range []struct {
		name  string
		value *string
	}{{"theme", c.Theme}, {"language", c.Language}, {"timezone", c.Timezone}, {"visibility", (*string)(c.Visibility)}} {
		if setting.value != nil {
			call = append(call, setting.name+"="+*setting.value)
		}
	}
	return ada, w.called(ctx, call...)
}

func (w *world) RequestEmailChange(ctx context.Context, _ core.Principal, email string) (verification.Receipt, error) {
	return receipt, w.called(ctx, "change email", email)
}

func (w *world) ConfirmEmailChange(ctx context.Context, _ core.Principal, id core.ID, code string) (account.User, error) {
	return ada, w.called(ctx, "confirm email", id.String(), code)
}

func (w *world) UndoEmailChange(ctx context.Context, token string) error {
	return w.called(ctx, "undo email", token)
}

func (w *world) Deactivate(ctx context.Context, _ core.Principal) error {
	return w.called(ctx, "deactivate")
}

func (w *world) Delete(ctx context.Context, _ core.Principal) (account.User, error) {
	return ada, w.called(ctx, "delete")
}

func (w *world) Restore(ctx context.Context, token string) error {
	return w.called(ctx, "restore", token)
}

func (w *world) List(ctx context.Context, _ core.ID, page core.Page) ([]session.Session, core.Position, error) {
	other := home
	other.ID = otherID
	err := w.called(ctx, "list", string(rune('0'+page.Limit)), page.After.ID.String())
	return []session.Session{home, other}, w.next, err
}

func (w *world) End(ctx context.Context, _ core.Principal, id core.ID) error {
	return w.called(ctx, "end", id.String())
}

func (w *world) EndOthers(ctx context.Context, _ core.Principal) (int, error) {
	return 1, w.called(ctx, "end others")
}

// Bind, Bound and SessionOf know two sessions: that of ada, and another one.
func (w *world) Bind(id core.ID) string { return "csrf-" + id.String() }

func (w *world) Bound(token string, id core.ID) bool { return token == w.Bind(id) }

func (w *world) SessionOf(refresh string) (core.ID, error) {
	switch refresh {
	case "refresh":
		return homeID, nil
	case "planted":
		return otherID, nil
	default:
		return core.ID{}, session.ErrReference
	}
}

func (w *world) KeySet() []byte { return []byte(`{"keys":[]}`) }

// shelf is the devices of a world.
type shelf struct{ *world }

func (s shelf) List(ctx context.Context, _ core.ID, page core.Page) ([]device.Device, core.Position, error) {
	known := device.Device{
		ID: core.ID{15: 7}, UserID: adaID, Digest: secret.DigestToken("shown"), From: home.Device, CreatedAt: now,
		LastUsedAt: now.Add(-time.Minute), ExpiresAt: now.Add(time.Hour), TrustedUntil: now.Add(time.Minute),
	}
	other := known
	other.ID, other.Digest, other.TrustedUntil = core.ID{15: 8}, secret.DigestToken("other"), time.Time{}
	return []device.Device{known, other}, core.Position{At: now, ID: other.ID}, s.called(ctx, "devices", strconv.Itoa(page.Limit))
}

func (s shelf) Forget(ctx context.Context, _ core.Principal, id core.ID) error {
	return s.called(ctx, "forget", id.String())
}

func (s shelf) ForgetAll(ctx context.Context, _ core.Principal) error {
	return s.called(ctx, "forget all")
}

func (w *world) Unlock(ctx context.Context, token string) (signin.Unlocked, error) {
	return signin.Unlocked{DeviceToken: "known", ExpiresAt: now.Add(time.Hour)}, w.called(ctx, "unlock", token)
}

// box is the development mailbox of a world.
type box struct{ *world }

func (b box) List(ctx context.Context, to string, kind mail.Kind, _ int) ([]mail.Message, error) {
	return b.messages, b.called(ctx, "mailbox", to, string(kind))
}

func (b box) Empty(ctx context.Context) error { return b.called(ctx, "empty mailbox") }

// deps makes everything the edge calls of one world.
func (w *world) deps() api.Deps {
	clock := core.ClockFunc(func() time.Time { return now })
	return api.Deps{
		Authenticator: w, Registrar: w, Doorman: w, SecondSteps: w, Factors: w, Passwords: w, Appraiser: w, Accounts: w, Settings: w, Sessions: w, Devices: shelf{w}, Unlocker: w, Bindings: w, Keys: w, Audit: annals{w},
		Users: w.users(), AccessControl: w.accessControl(), Dashboard: api.Dashboard{Figures: board{w}}, Machines: w.machines(), AuditLog: api.AuditLog{Trail: annals{w}}, Operations: api.Operations{Post: sorting{w}}, Repetitions: w.repetitions(clock),
		Health: api.NewHealth(clock), Clock: clock, IDs: core.NewIDs(clock), Log: slog.New(slog.DiscardHandler),
		Mailbox: box{w},
	}
}

// client calls an application and holds every reply against the contract.
type client struct {
	t     *testing.T
	app   *fiber.App
	guard *specguard.Transport

	serve   sync.Once
	address string
}

func newClient(t *testing.T, app *fiber.App, err error) *client {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, app: app}
	c.guard, err = specguard.New(c, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// RoundTrip serves a request without a network.
func (c *client) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := c.app.Test(request, -1)
	if err == nil {
		response.Request = request
	}
	return response, err
}

// open makes a client of a fresh world.
func open(t *testing.T, options api.Options) (*client, *world) {
	t.Helper()
	w := &world{register: signin.Registered{Receipt: &receipt}}
	app, err := api.New(w.deps(), options)
	return newClient(t, app, err), w
}

// reply is what came back.
type reply struct {
	*http.Response
	body []byte
}

// do sends a request; fields are pairs of header names and values.
func (c *client) do(method, target, body string, fields ...string) reply {
	c.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	request := httptest.NewRequest(method, target, reader)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(fields); i += 2 {
		request.Header.Set(fields[i], fields[i+1])
	}
	response, err := c.guard.RoundTrip(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, target, err)
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{response, text}
}

// doLocal sends a request over the loopback interface, to the name localhost unless a Host field is given.
// It follows no redirects.
func (c *client) doLocal(method, target string, fields ...string) reply {
	c.t.Helper()
	c.serve.Do(func() { c.address = serve(c.t, c.app) })
	request, err := http.NewRequestWithContext(c.t.Context(), method, "http://"+c.address+target, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	request.Host = "localhost"
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "Host" {
			request.Host = fields[i+1]
			continue
		}
		request.Header.Set(fields[i], fields[i+1])
	}
	guard, err := specguard.New(&http.Transport{DisableKeepAlives: true, DisableCompression: true}, func(err error) { c.t.Error(err) })
	if err != nil {
		c.t.Fatal(err)
	}
	response, err := guard.RoundTrip(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{response, text}
}

// as is the header of a caller with the token.
func as(token string) []string { return []string{"Authorization", "Bearer " + token} }

func (r reply) problem(t *testing.T) oapi.Problem {
	t.Helper()
	var problem oapi.Problem
	if err := json.Unmarshal(r.body, &problem); err != nil {
		t.Fatalf("%d %s: %v", r.StatusCode, r.body, err)
	}
	return problem
}

// flaws writes the field errors as "field:code" in order.
func (r reply) flaws(t *testing.T) string {
	t.Helper()
	var text bytes.Buffer
	for i, flaw := range r.problem(t).Errors {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(flaw.Field + ":" + string(flaw.Code))
	}
	return text.String()
}
