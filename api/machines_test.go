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
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/signin"
)

// workshop makes tokens and keys, and tells of them. It notes what it is asked, and answers with one of each.
type workshop struct{ *world }

func (w *world) machines() api.Machines {
	c := workshop{w}
	return api.Machines{Tokens: c, Services: c, ServiceKeys: c, Introspector: c, Impersonator: c}
}

var (
	someToken = apitoken.Token{
		ID: otherID, UserID: adaID, Name: "backup", Hint: "Zk3Q", Scopes: []string{"me.read"}, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	someService = apitoken.ServiceAccount{
		ID: otherID, Name: "gateway", Scopes: []string{"tokens.introspect"}, CreatedBy: adaID, CreatedAt: now, UpdatedAt: now,
	}
	someKey = apitoken.Key{ID: otherID, ServiceID: otherID, Hint: "Zk3Q", CreatedAt: now, LastUsedAt: now}
)

func (c workshop) Create(ctx context.Context, caller core.Principal, d apitoken.Draft) (apitoken.Token, apitoken.Secret, error) {
	call := fmt.Sprint("create token ", caller.UserID == adaID, " ", d.Name, " ", d.Scopes, " ", d.ExpiresIn, " ", d.ExpiresAt == nil)
	return someToken, apitoken.Secret{}, c.called(ctx, call)
}

func (c workshop) List(ctx context.Context, user core.ID, p core.Page) ([]apitoken.Token, core.Position, error) {
	return []apitoken.Token{someToken}, core.Position{}, c.called(ctx, "list tokens", fmt.Sprint(user == adaID), page(p))
}

func (c workshop) Revoke(ctx context.Context, _ core.Principal, id core.ID) error {
	return c.called(ctx, "revoke token", id.String())
}

func (c workshop) Open(ctx context.Context, _ core.Principal, d apitoken.AccountDraft) (apitoken.ServiceAccount, error) {
	return someService, c.called(ctx, fmt.Sprint("open service ", d.Name, " ", d.Description, " ", d.Scopes))
}

func (c workshop) Find(ctx context.Context, id core.ID) (apitoken.ServiceAccount, error) {
	return someService, c.called(ctx, "find service", id.String())
}

func (c workshop) ListAccounts(ctx context.Context, p core.Page) ([]apitoken.ServiceAccount, core.Position, error) {
	return []apitoken.ServiceAccount{someService}, core.Position{At: now, ID: otherID}, c.called(ctx, "services", page(p))
}

func (c workshop) Alter(
	ctx context.Context, _ core.Principal, id core.ID, d apitoken.AccountChange,
) (apitoken.ServiceAccount, error) {
	return someService, c.called(ctx, "alter service", id.String(), told(d.Name), told(d.Description), told(d.Scopes), told(d.Disabled))
}

func (c workshop) Close(ctx context.Context, _ core.Principal, id core.ID) error {
	return c.called(ctx, "close service", id.String())
}

func (c workshop) MakeKey(
	ctx context.Context, _ core.Principal, account core.ID, d apitoken.KeyDraft,
) (apitoken.Key, apitoken.Secret, error) {
	return someKey, apitoken.Secret{}, c.called(ctx, "make key", account.String(), fmt.Sprint(d.ExpiresIn, " ", d.ExpiresAt == nil))
}

func (c workshop) ListKeys(ctx context.Context, account core.ID) ([]apitoken.Key, error) {
	return []apitoken.Key{someKey}, c.called(ctx, "keys", account.String())
}

func (c workshop) RevokeKey(ctx context.Context, _ core.Principal, account, id core.ID) error {
	return c.called(ctx, "revoke key", account.String(), id.String())
}

func (c workshop) Introspect(
	ctx context.Context, _ core.Principal, _ *access.Rights, raw string,
) (signin.Introspection, error) {
	told := signin.Introspection{
		Active: raw == "good", Subject: adaID, Permissions: []string{"me.read", "me.write"}, Roles: []string{"USER"}, ID: otherID,
		SessionID: home.ID, ClientID: "c", Issuer: "i", Audience: "a", IssuedAt: now, ExpiresAt: now.Add(time.Minute),
	}
	return told, c.called(ctx, "introspect", raw)
}

func (c workshop) Impersonate(ctx context.Context, _ core.Principal, asked signin.Impersonation) (signin.Impersonated, error) {
	made := signin.Impersonated{User: ada, Access: "token", ExpiresIn: 90*time.Second + 1}
	return made, c.called(ctx, "impersonate", asked.Target.String(), asked.Reason, asked.For.String())
}

const (
	tokenText = `{"created_at":"2026-03-01T12:00:00Z","expires_at":"2026-03-01T13:00:00Z","hint":"Zk3Q",` +
		`"id":"00000000-0000-0000-0000-000000000009","last_used_at":null,"name":"backup","scopes":["me.read"]}`
	serviceText = `"disabled":false,"id":"00000000-0000-0000-0000-000000000009","name":"gateway","scopes":["tokens.introspect"]`
	keyText     = `{"created_at":"2026-03-01T12:00:00Z","expires_at":null,"hint":"Zk3Q","id":"00000000-0000-0000-0000-000000000009","last_used_at":"2026-03-01T12:00:00Z"}`
)

const servicePath = "/v1/service-accounts/" + someID

var machineReaches = []reach{
	{"tokens", "GET", "/v1/me/tokens?limit=3", "", "good", 200, "list tokens true 3 " + zeroID, `{"items":[` + tokenText + `],"next_cursor":null}`},
	{
		"create token", "POST", "/v1/me/tokens", `{"name":"backup","scopes":["me.read"],"expires_in":3600}`, "good",
		201, "create token true backup [me.read] 1h0m0s true", `{"personal_token":` + tokenText + `,"token":""}`,
	},
	{
		"create token until", "POST", "/v1/me/tokens", `{"name":"b","scopes":[],"expires_at":"2026-03-01T13:00:00Z"}`, "good",
		201, "create token true b [] 0s false", tokenText,
	},
	{"revoke token", "DELETE", "/v1/me/tokens/" + someID, "", "good", 204, "revoke token " + someID, ""},
	{"services", "GET", "/v1/service-accounts", "", "good", 200, "services 0 " + zeroID, `"next_cursor":"A`},
	{
		"create service", "POST", "/v1/service-accounts", `{"name":"gateway","description":"d","scopes":["a.b"]}`, "good",
		201, "open service gateway d [a.b]", serviceText,
	},
	{"service", "GET", servicePath, "", "good", 200, "find service " + someID, serviceText},
	{
		"update service", "PATCH", servicePath, `{"name":"n","description":"","scopes":[],"disabled":false}`, "good",
		200, "alter service " + someID + ` "n" "" "[]" "false"`, serviceText,
	},
	{"disable service", "PATCH", servicePath, `{"disabled":true}`, "good", 200, "alter service " + someID + ` - - - "true"`, serviceText},
	{"delete service", "DELETE", servicePath, "", "good", 204, "close service " + someID, ""},
	{"keys", "GET", servicePath + "/keys", "", "good", 200, "keys " + someID, `{"items":[` + keyText + `],"next_cursor":null}`},
	{
		"create key", "POST", servicePath + "/keys", `{"expires_in":60}`, "good", 201, "make key " + someID + " 1m0s true",
		`{"key":"","service_account_key":` + keyText + `}`,
	},
	{"create key for ever", "POST", servicePath + "/keys", "", "good", 201, "make key " + someID + " 0s true", keyText},
	{"revoke key", "DELETE", servicePath + "/keys/" + someID, "", "good", 204, "revoke key " + someID + " " + someID, ""},
	{
		"impersonate", "POST", "/v1/users/" + someID + "/impersonate", `{"reason":"Ticket","minutes":10}`, "good",
		200, "impersonate " + someID + " Ticket 10m0s", `"access_token":"token","expires_in":91,"token_type":"Bearer","user":{`,
	},
	{
		"impersonate as long as possible", "POST", "/v1/users/" + someID + "/impersonate", `{"reason":"Ticket"}`, "good",
		200, "impersonate " + someID + " Ticket 0s", `"token_type":"Bearer"`,
	},
}

// TestMachinesReachTheirUseCases calls each operation as somebody who may, and as somebody who may not.
func TestMachinesReachTheirUseCases(t *testing.T) {
	t.Parallel()
	for _, test := range machineReaches {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			w.holds = []access.Bit{access.ServiceAccountsRead, access.ServiceAccountsWrite, access.UsersImpersonate}
			got := c.do(test.method, test.path, test.body, as(test.token)...)
			if got.StatusCode != test.status || !strings.Contains(string(got.body), test.holds) {
				t.Errorf("%d %s; want %d with %s", got.StatusCode, got.body, test.status, test.holds)
			}
			if call := w.said(); call != test.call {
				t.Errorf("reached %q, want %q", call, test.call)
			}
			w.holds = nil
			got = c.do(test.method, test.path, test.body, as(test.token)...)
			if own := strings.HasPrefix(test.path, "/v1/me/"); (got.StatusCode == http.StatusForbidden) == own {
				t.Errorf("%d %s without the permission", got.StatusCode, got.body)
			}
		})
	}
}

// asForm sends a form in the place of JSON.
func asForm(token string) []string {
	return append(as(token), "Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
}

// TestIntrospectionReadsForms takes forms as OAuth has them, and JSON not at all.
func TestIntrospectionReadsForms(t *testing.T) {
	t.Parallel()
	active := `{"active":true,"aud":"a","client_id":"c","exp":1772366460,"iat":1772366400,"iss":"i","jti":"00000000-0000-0000-0000-000000000009",` +
		`"kind":"access_token","roles":["USER"],"scope":"me.read me.write",`
	for name, test := range map[string]struct {
		body   string
		status int
		call   string
		holds  string
	}{
		"good":            {"token=good&token_type_hint=access_token", 200, "introspect good", active},
		"not good":        {"token=bad", 200, "introspect bad", `{"active":false}`},
		"escaped":         {"token=%64w%2B+p", 200, "introspect dw+ p", `{"active":false}`},
		"more":            {"token=bad&resource=x&resource=y", 200, "introspect bad", `{"active":false}`},
		"other letters":   {"TOKEN=good&token=bad", 200, "introspect bad", `{"active":false}`},
		"none":            {"", 400, "", `"field":"token"`},
		"empty":           {"token=", 400, "", `"field":"token"`},
		"only in capital": {"Token=good", 400, "", `"field":"token"`},
		"twice":           {"token=good&token=bad", 400, "", `"code":"not_allowed"`},
		"too long":        {"token=" + strings.Repeat("a", 8193), 400, "", `"code":"too_long"`},
		"no form":         {"token=%zz", 400, "", `"field":"body"`},
		"no UTF-8":        {"token=%ff", 400, "", `"field":"token"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			w.holds = []access.Bit{access.TokensIntrospect}
			got := c.do("POST", "/v1/auth/introspect", test.body, asForm("good")...)
			if got.StatusCode != test.status || !strings.Contains(string(got.body), test.holds) || w.said() != test.call {
				t.Errorf("%d %s; want %d with %s", got.StatusCode, got.body, test.status, test.holds)
			}
			if kept := got.Header.Get("Cache-Control"); kept != "no-store" {
				t.Errorf("may be kept: %q", kept)
			}
		})
	}
	c, w := open(t, api.Options{})
	w.holds = []access.Bit{access.TokensIntrospect}
	for _, media := range []string{"application/json", "application/x-www-form-urlencoded; charset=latin1", "text/plain", "multipart/form-data; boundary=x"} {
		if got := c.do("POST", "/v1/auth/introspect", "token=good", append(as("good"), "Content-Type", media)...); got.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("%s: %d", media, got.StatusCode)
		}
	}
}

// TestTokensOfProgramsAreNoCookies looks at a program's token in Authorization alone.
func TestTokensOfProgramsAreNoCookies(t *testing.T) {
	t.Parallel()
	c, _ := open(t, api.Options{})
	for _, form := range []string{"dwp_", "dws_"} {
		got := c.do("GET", "/v1/me", "", "Cookie", "__Host-access="+form+strings.Repeat("A", 43))
		if code := got.problem(t).Code; got.StatusCode != http.StatusUnauthorized || code != "unauthenticated" {
			t.Errorf("%s: %d %s", form, got.StatusCode, code)
		}
	}
}

// TestWhoIsNoSession is told so: getMe has no session for programs and those who impersonate.
func TestWhoIsNoSession(t *testing.T) {
	t.Parallel()
	for _, means := range []core.Means{core.ByToken, core.ByImpersonation} {
		c, w := open(t, api.Options{})
		w.means, w.bounded = means, access.NewSet(access.MeRead)
		got := c.do("GET", "/v1/me", "", as("means")...)
		if got.StatusCode != http.StatusOK || !strings.Contains(string(got.body), `"session":null`) {
			t.Errorf("%v: %d %s", means, got.StatusCode, got.body)
		}
	}
}
