package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
)

// council keeps roles, groups and permissions, and who has them. It notes what it is asked, and answers with one of each.
type council struct{ *world }

func (w *world) accessControl() api.AccessControl {
	c := council{w}
	return api.AccessControl{Roles: c, Groups: c, Permissions: c, Assignments: c}
}

var (
	someRole = access.Role{
		ID: otherID, Name: "EDITOR", Permissions: []string{"articles.write"}, SecondFactorSince: now, CreatedAt: now, UpdatedAt: now,
	}
	someGroup      = access.Group{ID: otherID, Name: "support", Description: "Helps.", CreatedAt: now, UpdatedAt: now}
	somePermission = access.Permission{ID: otherID, Key: "articles.write", Category: "articles", System: true, CreatedAt: now}
)

func page(page core.Page) string { return fmt.Sprint(page.Limit, " ", page.After.ID) }

// told writes the members of a change: - for one that was left out.
func told[T any](member *T) string {
	if member == nil {
		return "-"
	}
	return fmt.Sprintf("%q", fmt.Sprint(*member))
}

func (c council) Roles(ctx context.Context, p core.Page) ([]access.Role, core.Position, error) {
	return []access.Role{someRole}, core.Position{At: now, ID: otherID}, c.called(ctx, "roles", page(p))
}

func (c council) Role(ctx context.Context, id core.ID) (access.Role, error) {
	return someRole, c.called(ctx, "role", id.String())
}

func (c council) CreateRole(ctx context.Context, caller core.Principal, d access.RoleDraft) (access.Role, error) {
	call := fmt.Sprint("create role ", caller.UserID == adaID, " ", d.Name, " ", d.Description, " ", d.Permissions, " ", d.SecondFactorRequired)
	return someRole, c.called(ctx, call)
}

func (c council) UpdateRole(ctx context.Context, _ core.Principal, id core.ID, d access.RoleChange) (access.Role, error) {
	return someRole, c.called(ctx, "update role", id.String(), told(d.Description), told(d.Permissions), told(d.SecondFactorRequired))
}

func (c council) DeleteRole(ctx context.Context, _ core.Principal, id core.ID) error {
	return c.called(ctx, "delete role", id.String())
}

func (c council) Groups(ctx context.Context, p core.Page) ([]access.Group, core.Position, error) {
	return []access.Group{someGroup}, core.Position{}, c.called(ctx, "groups", page(p))
}

func (c council) Group(ctx context.Context, id core.ID) (access.Group, error) {
	return someGroup, c.called(ctx, "group", id.String())
}

func (c council) CreateGroup(ctx context.Context, _ core.Principal, d access.GroupDraft) (access.Group, error) {
	return someGroup, c.called(ctx, "create group", d.Name, d.Description, fmt.Sprint(d.Permissions))
}

func (c council) UpdateGroup(ctx context.Context, _ core.Principal, id core.ID, d access.GroupChange) (access.Group, error) {
	return someGroup, c.called(ctx, "update group", id.String(), told(d.Name), told(d.Description), told(d.Permissions))
}

func (c council) SetGroupPermissions(ctx context.Context, _ core.Principal, id core.ID, keys []string) (access.Group, error) {
	return someGroup, c.called(ctx, "group permissions", id.String(), fmt.Sprint(keys))
}

func (c council) DeleteGroup(ctx context.Context, _ core.Principal, id core.ID) error {
	return c.called(ctx, "delete group", id.String())
}

func (c council) Permissions(ctx context.Context, p core.Page) ([]access.Permission, core.Position, error) {
	return []access.Permission{somePermission}, core.Position{}, c.called(ctx, "permissions", page(p))
}

func (c council) Permission(ctx context.Context, id core.ID) (access.Permission, error) {
	return somePermission, c.called(ctx, "permission", id.String())
}

func (c council) CreatePermission(ctx context.Context, _ core.Principal, d access.PermissionDraft) (access.Permission, error) {
	return somePermission, c.called(ctx, "create permission", d.Key, d.Description, d.Category)
}

func (c council) UpdatePermission(
	ctx context.Context, _ core.Principal, id core.ID, d access.PermissionChange,
) (access.Permission, error) {
	return somePermission, c.called(ctx, "update permission", id.String(), told(d.Description), told(d.Category))
}

func (c council) DeletePermission(ctx context.Context, _ core.Principal, id core.ID) error {
	return c.called(ctx, "delete permission", id.String())
}

func (c council) RolesOf(ctx context.Context, user core.ID) ([]access.HeldRole, error) {
	return []access.HeldRole{{Role: someRole, By: adaID, At: now}}, c.called(ctx, "roles of", user.String())
}

func (c council) SetRoles(ctx context.Context, _ core.Principal, user core.ID, roles []string) ([]access.HeldRole, error) {
	return nil, c.called(ctx, "set roles", user.String(), fmt.Sprint(roles))
}

func (c council) GroupsOf(ctx context.Context, user core.ID) ([]access.HeldGroup, error) {
	return []access.HeldGroup{{Group: someGroup}}, c.called(ctx, "groups of", user.String())
}

func (c council) SetGroups(ctx context.Context, _ core.Principal, user core.ID, groups []string) ([]access.HeldGroup, error) {
	return nil, c.called(ctx, "set groups", user.String(), fmt.Sprint(groups))
}

func (c council) EffectiveOf(ctx context.Context, user core.ID) ([]access.Effective, error) {
	return []access.Effective{{Permission: somePermission, FromRoles: []string{"EDITOR"}}}, c.called(ctx, "effective of", user.String())
}

func (c council) OwnPermissions(ctx context.Context, caller core.Principal) ([]access.Effective, error) {
	return nil, c.called(ctx, fmt.Sprint("own permissions ", caller.UserID == adaID))
}

const (
	roleText = `{"created_at":"2026-03-01T12:00:00Z","description":"","id":"00000000-0000-0000-0000-000000000009",` +
		`"name":"EDITOR","permissions":["articles.write"],"second_factor_required":true,"system":false,"updated_at":"2026-03-01T12:00:00Z"}`
	groupText      = `"name":"support","permissions":[],"updated_at"`
	permissionText = `"category":"articles","created_at":"2026-03-01T12:00:00Z","description":"","id":"00000000-0000-0000-0000-000000000009"`
)

var accessReaches = []reach{
	{"roles", "GET", "/v1/roles?limit=3", "", "good", 200, "roles 3 " + zeroID, `"next_cursor":"A`},
	{"role", "GET", "/v1/roles/" + someID, "", "good", 200, "role " + someID, roleText},
	{
		"create role", "POST", "/v1/roles", `{"name":"EDITOR","description":"d","permissions":["a.b"],"second_factor_required":true}`, "good",
		201, "create role true EDITOR d [a.b] true", roleText,
	},
	{"create role of nothing", "POST", "/v1/roles", `{"name":"EDITOR"}`, "good", 201, "create role true EDITOR  [] false", roleText},
	{
		"update role", "PATCH", "/v1/roles/" + someID, `{"description":"","permissions":[],"second_factor_required":false}`, "good",
		200, "update role " + someID + ` "" "[]" "false"`, roleText,
	},
	{
		"update of a role's second factor", "PATCH", "/v1/roles/" + someID, `{"second_factor_required":true}`, "good",
		200, "update role " + someID + ` - - "true"`, roleText,
	},
	{"delete role", "DELETE", "/v1/roles/" + someID, "", "good", 204, "delete role " + someID, ""},
	{"groups", "GET", "/v1/groups", "", "good", 200, "groups 0 " + zeroID, `"next_cursor":null`},
	{"group", "GET", "/v1/groups/" + someID, "", "good", 200, "group " + someID, groupText},
	{
		"create group", "POST", "/v1/groups", `{"name":"support","description":"d","permissions":["a.b"]}`, "good",
		201, "create group support d [a.b]", groupText,
	},
	{
		"update group", "PATCH", "/v1/groups/" + someID, `{"name":"n","description":"d","permissions":["a.b"]}`, "good",
		200, "update group " + someID + ` "n" "d" "[a.b]"`, groupText,
	},
	{"rename group", "PATCH", "/v1/groups/" + someID, `{"name":"n"}`, "good", 200, "update group " + someID + ` "n" - -`, groupText},
	{
		"group permissions", "PUT", "/v1/groups/" + someID + "/permissions", `{"permissions":["a.b","c.d"]}`, "good",
		200, "group permissions " + someID + " [a.b c.d]", groupText,
	},
	{"delete group", "DELETE", "/v1/groups/" + someID, "", "good", 204, "delete group " + someID, ""},
	{"permissions", "GET", "/v1/permissions", "", "good", 200, "permissions 0 " + zeroID, permissionText},
	{"permission", "GET", "/v1/permissions/" + someID, "", "good", 200, "permission " + someID, permissionText},
	{
		"create permission", "POST", "/v1/permissions", `{"key":"a.b","description":"d","category":"c"}`, "good",
		201, "create permission a.b d c", permissionText,
	},
	{
		"update permission", "PATCH", "/v1/permissions/" + someID, `{"description":""}`, "good",
		200, "update permission " + someID + ` "" -`, permissionText,
	},
	{"delete permission", "DELETE", "/v1/permissions/" + someID, "", "good", 204, "delete permission " + someID, ""},
	{
		"roles of a user", "GET", "/v1/users/" + someID + "/roles", "", "good", 200, "roles of " + someID,
		`{"roles":[{"assigned_at":"2026-03-01T12:00:00Z","assigned_by":"00000000-0000-0000-0000-000000000001","description":"","name":"EDITOR"`,
	},
	{
		"set roles", "PUT", "/v1/users/" + someID + "/roles", `{"roles":["ADMIN","USER"]}`, "good",
		200, "set roles " + someID + " [ADMIN USER]", `{"roles":[]}`,
	},
	{
		"groups of a user", "GET", "/v1/users/" + someID + "/groups", "", "good", 200, "groups of " + someID,
		`{"groups":[{"assigned_at":null,"assigned_by":null,"description":"Helps."`,
	},
	{
		"set groups", "PUT", "/v1/users/" + someID + "/groups", `{"groups":[]}`, "good",
		200, "set groups " + someID + " []", `{"groups":[]}`,
	},
	{
		"permissions of a user", "GET", "/v1/users/" + someID + "/permissions", "", "good", 200, "effective of " + someID,
		`{"permissions":[{"category":"articles","description":"","groups":[],"key":"articles.write","roles":["EDITOR"]}]}`,
	},
	{"own permissions", "GET", "/v1/me/permissions", "", "good", 200, "own permissions true", `{"permissions":[]}`},
	{"own groups", "GET", "/v1/me/groups", "", "good", 200, "groups of 00000000-0000-0000-0000-000000000001", `"name":"support"`},
}

// TestAccessReachesItsUseCases calls each operation as somebody who may, and as somebody who may not.
func TestAccessReachesItsUseCases(t *testing.T) {
	t.Parallel()
	for _, test := range accessReaches {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			w.holds = []access.Bit{access.AccessRead, access.AccessWrite}
			got := c.do(test.method, test.path, test.body, as(test.token)...)
			if got.StatusCode != test.status || !strings.Contains(string(got.body), test.holds) {
				t.Errorf("%d %s; want %d with %s", got.StatusCode, got.body, test.status, test.holds)
			}
			if call := w.said(); call != test.call {
				t.Errorf("reached %q, want %q", call, test.call)
			}
			w.holds = []access.Bit{access.AccessWrite}
			if test.method != "GET" {
				w.holds = []access.Bit{access.AccessRead}
			}
			got = c.do(test.method, test.path, test.body, as(test.token)...)
			if own := strings.HasPrefix(test.path, "/v1/me/"); (got.StatusCode == http.StatusForbidden) == own {
				t.Errorf("%d %s without the permission", got.StatusCode, got.body)
			}
		})
	}
}

// TestAccessRefusesWhatItCannotRead tells of bodies and parameters that the contract does not know.
func TestAccessRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ method, path, body string }{
		"no name":         {"POST", "/v1/roles", `{}`},
		"an unknown part": {"POST", "/v1/groups", `{"name":"a","system":true}`},
		"no change":       {"PATCH", "/v1/roles/" + someID, `{}`},
		"null":            {"PATCH", "/v1/groups/" + someID, `{"name":null}`},
		"an empty name":   {"PATCH", "/v1/groups/" + someID, `{"name":""}`},
		"no list":         {"PUT", "/v1/users/" + someID + "/roles", `{}`},
		"no id":           {"PUT", "/v1/users/me/roles", `{"roles":[]}`},
		"no cursor":       {"GET", "/v1/roles?cursor=x", ""},
		"no list of keys": {"PUT", "/v1/groups/" + someID + "/permissions", `{"permissions":"users.read"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			w.holds = []access.Bit{access.AccessRead, access.AccessWrite}
			got := c.do(test.method, test.path, test.body, as("good")...)
			if call := w.said(); got.StatusCode != http.StatusBadRequest || call != "" {
				t.Errorf("%d %s, reached %q", got.StatusCode, got.body, call)
			}
		})
	}
}
