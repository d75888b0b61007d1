package api_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/session"
)

// clerk is the administration of users of a world.
type clerk struct{ *world }

func (w *world) users() api.Users {
	desk := clerk{w}
	return api.Users{Finder: desk, Keeper: desk, Helper: desk}
}

// further is where the next page of users begins.
var further = directory.Place{At: now, Key: "ada", ID: adaID}

func (k clerk) List(ctx context.Context, listing directory.Listing) (directory.Page, error) {
	call := []string{"list users", string(listing.Sort), filterText(listing.Filter), listing.After.Key}
	if !listing.After.At.IsZero() {
		call = append(call, listing.After.At.Format(time.RFC3339))
	}
	return directory.Page{Users: []account.User{ada}, Next: further}, k.called(ctx, call...)
}

func (k clerk) Search(ctx context.Context, typed string, search directory.Search) (directory.Page, error) {
	return directory.Page{Next: further}, k.called(ctx, "search users", typed, filterText(search.Filter), search.After.Key)
}

// filterText writes a filter in short.
func filterText(filter directory.Filter) string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	flag := map[bool]string{true: "yes", false: "no"}
	add("status", string(filter.Status))
	add("role", filter.Role)
	if !filter.Group.IsZero() {
		add("group", filter.Group.String())
	}
	if filter.EmailVerified != nil {
		add("verified", flag[*filter.EmailVerified])
	}
	if filter.SecondFactor != nil {
		add("factor", flag[*filter.SecondFactor])
	}
	add("source", string(filter.Source))
	add("country", filter.Country)
	if !filter.CreatedFrom.IsZero() {
		add("from", filter.CreatedFrom.Format(time.RFC3339))
	}
	if !filter.CreatedTo.IsZero() {
		add("to", filter.CreatedTo.Format(time.RFC3339))
	}
	return strings.Join(parts, " ")
}

func (k clerk) Many(ctx context.Context, ids []core.ID) ([]account.User, error) {
	call := []string{"many"}
	for _, id := range ids {
		call = append(call, id.String())
	}
	return []account.User{ada}, k.called(ctx, call...)
}

func (k clerk) Find(ctx context.Context, id core.ID) (account.User, error) {
	return ada, k.called(ctx, "find", id.String())
}

func (k clerk) Profile(ctx context.Context, viewer access.Rights, id core.ID) (account.User, error) {
	call := []string{"profile", id.String(), "for", viewer.Who.String()}
	for _, bit := range []access.Bit{access.MeRead, access.UsersRead} {
		if viewer.Set.Has(bit) {
			call = append(call, bit.Key())
		}
	}
	return ada, k.called(ctx, call...)
}

func (k clerk) Sessions(
	ctx context.Context, user core.ID, _ core.Page,
) (sessions []session.Session, next core.Position, err error) {
	return []session.Session{home}, core.Position{}, k.called(ctx, "sessions", user.String())
}

func (k clerk) Create(ctx context.Context, _ directory.By, asked directory.NewUser) (account.User, error) {
	call := []string{"create", asked.Email, asked.Username, asked.Profile.Name, asked.Country, asked.ExternalID}
	call = append(append(call, asked.Roles...), asked.Groups...)
	if asked.EmailVerified {
		call = append(call, "verified")
	}
	if asked.Invite {
		call = append(call, "invited")
	}
	return ada, k.called(ctx, call...)
}

func (k clerk) Update(ctx context.Context, _ directory.By, id core.ID, change directory.Change) (account.User, error) {
	return ada, k.called(ctx, "update", id.String(), change.Profile.Names(), told(change.Country), told(change.ExternalID))
}

func (k clerk) Suspend(ctx context.Context, _ directory.By, id core.ID) (account.User, error) {
	return ada, k.called(ctx, "suspend", id.String())
}

func (k clerk) Restore(ctx context.Context, _ directory.By, id core.ID) (account.User, error) {
	return ada, k.called(ctx, "restore user", id.String())
}

func (k clerk) Delete(ctx context.Context, _ directory.By, id core.ID) (account.User, error) {
	return ada, k.called(ctx, "delete user", id.String())
}

func (k clerk) VerifyEmail(ctx context.Context, _ directory.By, id core.ID) (account.User, error) {
	return ada, k.called(ctx, "verify email", id.String())
}

func (k clerk) Unlock(ctx context.Context, _ directory.By, id core.ID) error {
	return k.called(ctx, "unlock user", id.String())
}

func (k clerk) ForceReset(ctx context.Context, _ directory.By, id core.ID) error {
	return k.called(ctx, "force reset", id.String())
}

func (k clerk) RequireFactor(ctx context.Context, _ directory.By, id core.ID, required bool) error {
	return k.called(ctx, "require factor", id.String(), map[bool]string{true: "on", false: "off"}[required])
}

func (k clerk) RemoveFactors(ctx context.Context, _ directory.By, id core.ID) error {
	return k.called(ctx, "remove factors", id.String())
}

func (k clerk) EndSessions(ctx context.Context, _ directory.By, id core.ID) error {
	return k.called(ctx, "end sessions", id.String())
}

func (k clerk) EndSession(ctx context.Context, _ directory.By, id, session core.ID) error {
	return k.called(ctx, "end session", id.String(), session.String())
}

const user = "/v1/users/" + someID

// userReaches are the operations of the tag users.
var userReaches = []reach{
	{"list", "GET", "/v1/users", "", "good", 200, "list users -created_at  ", `"second_factors":[]`},
	{
		"filters", "GET", "/v1/users?status=active&role=ADMIN&group=" + someID + "&email_verified=false&second_factor=true" +
			"&source=imported&country=DE&created_from=2026-01-01T01:00:00%2B01:00&created_to=2026-02-01T00:00:00Z&sort=name",
		"", "good", 200, "list users name status=active role=ADMIN group=" + someID +
			" verified=no factor=yes source=imported country=DE from=2026-01-01T00:00:00Z to=2026-02-01T00:00:00Z ", `"items"`,
	},
	{"search", "GET", "/v1/users?search=Ada&status=active", "", "good", 200, "search users Ada status=active ", `"items":[]`},
	{"batch", "GET", "/v1/users?ids=" + someID + "," + homeText, "", "good", 200, "many " + someID + " " + homeText, `"next_cursor":null`},
	{
		"create", "POST", "/v1/users", `{"email":"g@e.example","name":"G","roles":["USER"],"groups":["x"],"external_id":"1","country":"DE"}`,
		"good", 201, "create g@e.example  G DE 1 USER x invited", `"status":"active"`,
	},
	{
		"create silently", "POST", "/v1/users", `{"email":"g@e.example","name":"G","username":"g","email_verified":true,"invite":false}`,
		"good", 201, "create g@e.example g G   verified", `"purge_at"`,
	},
	{"read", "GET", user, "", "good", 200, "find " + someID, `"source":"`},
	{
		"change", "PATCH", user, `{"name":"A","bio":null,"country":"NZ","external_id":null,"reason":"why"}`, "good",
		200, "update " + someID + " name bio \"NZ\" \"\"", `"groups":[]`,
	},
	{"delete", "DELETE", user + "?reason=why", "", "good", 200, "delete user " + someID, `"purge_at"`},
	{"suspend", "POST", user + "/suspend", `{"reason":"spam"}`, "good", 200, "suspend " + someID, `"status"`},
	{"restore", "POST", user + "/restore", "", "good", 200, "restore user " + someID, `"status"`},
	{"restore with a reason", "POST", user + "/restore", `{"reason":"a mistake"}`, "good", 200, "restore user " + someID, `"status"`},
	{"unlock", "POST", user + "/unlock", "", "good", 204, "unlock user " + someID, ""},
	{"verify the address", "POST", user + "/verify-email", "", "good", 200, "verify email " + someID, `"email_verified"`},
	{"force a reset", "POST", user + "/reset-password", "", "good", 204, "force reset " + someID, ""},
	{"demand a factor", "POST", user + "/require-mfa", `{"required":true}`, "good", 204, "require factor " + someID + " on", ""},
	{"demand none", "POST", user + "/require-mfa", `{"required":false}`, "good", 204, "require factor " + someID + " off", ""},
	{"remove factors", "DELETE", user + "/factors", "", "good", 204, "remove factors " + someID, ""},
	{"sessions", "GET", user + "/sessions", "", "good", 200, "sessions " + someID, `"current":true`},
	{"end sessions", "DELETE", user + "/sessions", "", "good", 204, "end sessions " + someID, ""},
	{"end a session", "DELETE", user + "/sessions/" + homeText, "", "good", 204, "end session " + someID + " " + homeText, ""},
	{"profile for a member", "GET", user + "/profile", "", "good", 200, "profile " + someID + " for " + adaID.String() + " me.read users.read", `"name":"Ada Lovelace"`},
	{"profile for a stranger", "GET", user + "/profile", "", "", 200, "profile " + someID + " for " + zeroID, `"created_at"`},
	{"profile with a dead token", "GET", user + "/profile", "", "expired", 200, "profile " + someID + " for " + zeroID, `"id"`},
}

// everyRight are the permissions of those who administer users.
var everyRight = []access.Bit{
	access.UsersRead, access.UsersWrite, access.UsersDelete, access.UsersSuspend, access.UsersSecure, access.SessionsRead, access.SessionsRevoke,
}

// TestAdministrationReachesItsUseCase calls every operation of the tag users, with its permissions and without.
func TestAdministrationReachesItsUseCase(t *testing.T) {
	t.Parallel()
	for _, test := range userReaches {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			w.holds = everyRight
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
			if strings.HasSuffix(test.path, "/profile") || strings.HasSuffix(test.path, "/restore") {
				return // the use case tells who may
			}
			w.holds = nil
			if got := c.do(test.method, test.path, test.body, fields...); got.StatusCode != http.StatusForbidden || w.said() != "" {
				t.Errorf("without the permission: %d %s", got.StatusCode, got.body)
			}
		})
	}
}

// TestTokensSeeProfilesByTheirScopes looks at a profile by tokens of a person: what the scopes leave out they do not hold.
func TestTokensSeeProfilesByTheirScopes(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{})
	w.means = core.ByToken
	for bit, held := range map[access.Bit]string{access.MailRead: "", access.MeRead: " me.read"} {
		w.bounded = access.NewSet(bit)
		c.do("GET", user+"/profile", "", as("means")...)
		if call, want := w.said(), "profile "+someID+" for "+adaID.String()+held; call != want {
			t.Errorf("with %s reached %q, want %q", bit.Key(), call, want)
		}
	}
}

// TestListsOfUsersRefuse asks for what no list can be.
func TestListsOfUsersRefuse(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{})
	w.holds = everyRight
	for query, field := range map[string]string{
		"ids=" + someID + "&limit=2": "ids", "ids=" + someID + "&status=active": "ids", "ids=" + someID + "&search=a": "ids",
		"ids=x": "ids", "ids=" + strings.Repeat(someID+",", 100) + someID: "ids", "search=a&sort=name": "sort",
		"sort=-name": "sort", "status=gone": "status", "country=de": "country", "group=x": "group", "email_verified=2": "email_verified",
		"created_from=today": "created_from", "source=x": "source", "cursor=x": "cursor", "limit=201": "limit", "q=a": "q",
	} {
		got := c.do("GET", "/v1/users?"+query, "", as("good")...)
		if got.StatusCode != http.StatusBadRequest || !strings.Contains(string(got.body), `"field":"`+field) {
			t.Errorf("%s: %d %s", query, got.StatusCode, got.body)
		}
	}
	if calls := w.said(); calls != "" {
		t.Errorf("reached %q", calls)
	}
}

// TestCursorsBelongToTheirList follows the cursor of a list in that list, and in others, which refuse it.
func TestCursorsBelongToTheirList(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{})
	w.holds = everyRight
	lists := []string{"", "sort=created_at", "sort=name", "sort=email", "status=active", "search=a", "search=a&status=active", "email_verified=true"}
	same := map[string]string{"": "sort=-created_at"}
	for _, list := range lists {
		got := c.do("GET", "/v1/users?"+list, "", as("good")...)
		_, rest, _ := strings.Cut(string(got.body), `"next_cursor":"`)
		cursor, _, _ := strings.Cut(rest, `"`)
		for _, other := range append(slices.Clone(lists), "sort=-created_at") {
			want := http.StatusBadRequest
			if again, spelt := same[list]; other == list || spelt && other == again {
				want = http.StatusOK
			}
			if got := c.do("GET", "/v1/users?"+other+"&cursor="+cursor, "", as("good")...); got.StatusCode != want {
				t.Errorf("the cursor of %q in %q: %d %s", list, other, got.StatusCode, got.body)
			}
		}
	}
	if calls := w.said(); !strings.Contains(calls, "list users name  ada") || !strings.Contains(calls, "list users -created_at   "+now.Format(time.RFC3339)) {
		t.Errorf("the places were not read: %s", calls)
	}
}

// TestRequestsOfAdministrationAreClosed tries what no administrator sets: passwords, states, roles by a change.
func TestRequestsOfAdministrationAreClosed(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{})
	w.holds = everyRight
	for _, member := range []string{
		`"password":"p"`, `"status":"active"`, `"roles":["OWNER"]`, `"email":"x@y.example"`, `"email_verified":true`, `"id":"` + someID + `"`,
		`"created_at":"2020-01-01T00:00:00Z"`, `"source":"seeded"`, `"password_hash":"$a$b"`,
	} {
		if got := c.do("PATCH", user, `{"name":"A",`+member+`}`, as("good")...); got.StatusCode != http.StatusBadRequest {
			t.Errorf("a change of %s: %d %s", member, got.StatusCode, got.body)
		}
	}
	for _, member := range []string{`"password":"p"`, `"status":"active"`, `"id":"` + someID + `"`, `"source":"seeded"`} {
		body := `{"email":"g@e.example","name":"A",` + member + `}`
		if got := c.do("POST", "/v1/users", body, as("good")...); got.StatusCode != http.StatusBadRequest {
			t.Errorf("an opening with %s: %d %s", member, got.StatusCode, got.body)
		}
	}
	if got := c.do("POST", user+"/suspend", `{}`, as("good")...); got.StatusCode != http.StatusBadRequest {
		t.Errorf("a suspension without a reason: %d %s", got.StatusCode, got.body)
	}
	if got := c.do("DELETE", user+"/factors", "", as("old")...); !strings.Contains(string(got.body), "reauthentication_required") {
		t.Errorf("factors without a recent sign-in: %d %s", got.StatusCode, got.body)
	}
}
