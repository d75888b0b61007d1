package access_test

import (
	"strings"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/coretest"
)

func TestNames(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	role := func(name string) error {
		_, err := o.Roles.CreateRole(o.Ctx, o.owner, access.RoleDraft{Name: name})
		return err
	}
	group := func(name string) error {
		_, err := o.Roles.CreateGroup(o.Ctx, o.owner, access.GroupDraft{Name: name})
		return err
	}
	key := func(name string) error {
		_, err := o.Roles.CreatePermission(o.Ctx, o.owner, access.PermissionDraft{Key: name})
		return err
	}
	category := func(name string) error {
		_, err := o.Roles.CreatePermission(o.Ctx, o.owner, access.PermissionDraft{Key: "a.b", Category: name})
		return err
	}
	for _, c := range []struct {
		make func(name string) error
		name string
		want string
	}{
		{role, "ED", ""},
		{role, "E2_" + strings.Repeat("X", 61), ""},
		{role, "", "name required"},
		{role, "E", "name invalid_format"},
		{role, "2E", "name invalid_format"},
		{role, "Editor", "name invalid_format"},
		{role, "EDIT\n", "name invalid_format"},
		{role, "ÉDITEUR", "name invalid_format"},
		{role, strings.Repeat("X", 65), "name too_long"},
		{group, "a", ""},
		{group, "first-level-support2", ""},
		{group, "", "name required"},
		{group, "-a", "name invalid_format"},
		{group, "a-", "name invalid_format"},
		{group, "a--b", "name invalid_format"},
		{group, "A", "name invalid_format"},
		{group, "2a", "name invalid_format"},
		{group, strings.Repeat("x", 65), "name too_long"},
		{key, "articles.write", ""},
		{key, "app.articles.write_own", ""},
		{key, "a." + strings.Repeat("x", 126), ""},
		{key, "", "key required"},
		{key, "articles", "key invalid_format"},
		{key, "articles.", "key invalid_format"},
		{key, ".write", "key invalid_format"},
		{key, "articles.Write", "key invalid_format"},
		{key, "articles.2", "key invalid_format"},
		{key, "articles write", "key invalid_format"},
		{key, "a." + strings.Repeat("x", 127), "key too_long"},
		{key, "users.tickle", "key not_allowed"},
		{key, "me.read.all", "key not_allowed"},
		{key, "webhooks.write", "key not_allowed"},
		{key, "organizations.read", "key not_allowed"},
		{category, "press-2_x", ""},
		{category, "Press", "category invalid_format"},
		{category, strings.Repeat("x", 65), "category too_long"},
	} {
		if got := strings.Join(broken(c.make(c.name)), "; "); got != c.want {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestTheProductsOwnResourcesAreReserved keeps the built-in permissions from being made anew.
func TestTheProductsOwnResourcesAreReserved(t *testing.T) {
	t.Parallel()
	for bit := access.MeRead; bit.Key() != ""; bit++ {
		if !access.Reserved(bit.Key()) {
			t.Errorf("%s is not reserved", bit.Key())
		}
	}
	coretest.Equal(t, false, access.Reserved("app.articles"))
	coretest.Equal(t, false, access.Reserved("usersx.read"))
}

func TestDescriptions(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	role, group, permission := o.role("EDITOR"), o.group("support"), o.permission("articles.write")
	for text, want := range map[string]string{
		"":                        "",
		"Writes articles, äöü 漢字": "",
		strings.Repeat("漢", 500):  "",
		strings.Repeat("漢", 501):  "description too_long",
		strings.Repeat("x", 5000): "description too_long",
		"two\nlines":              "description not_allowed",
		"\x00":                    "description not_allowed",
		"\u202etxet":              "description not_allowed",
		"\xff":                    "description not_allowed",
	} {
		_, err := o.Roles.UpdateRole(o.Ctx, o.owner, role.ID, access.RoleChange{Description: ptr(text)})
		coretest.Equal(t, want, strings.Join(broken(err), "; "))
		_, err = o.Roles.UpdateGroup(o.Ctx, o.owner, group.ID, access.GroupChange{Description: ptr(text)})
		coretest.Equal(t, want, strings.Join(broken(err), "; "))
		_, err = o.Roles.UpdatePermission(o.Ctx, o.owner, permission.ID, access.PermissionChange{Description: ptr(text)})
		coretest.Equal(t, want, strings.Join(broken(err), "; "))
		_, err = o.Roles.CreateRole(o.Ctx, o.owner, access.RoleDraft{Name: "E", Description: text})
		coretest.Equal(t, strings.TrimSuffix("name invalid_format; "+want, "; "), strings.Join(broken(err), "; "))
	}
}

// TestUnknownNamesAreFieldErrors tells of each by its place.
func TestUnknownNamesAreFieldErrors(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	role, group := o.role("EDITOR"), o.group("support")
	some := []string{"users.read", "no.such", "users.write", ""}
	_, err := o.Roles.CreateRole(o.Ctx, o.admin, access.RoleDraft{Name: "OTHER", Permissions: some})
	unknown(t, err, "permissions")
	_, err = o.Roles.UpdateRole(o.Ctx, o.admin, role.ID, access.RoleChange{Permissions: &some})
	unknown(t, err, "permissions")
	_, err = o.Roles.CreateGroup(o.Ctx, o.admin, access.GroupDraft{Name: "other", Permissions: some})
	unknown(t, err, "permissions")
	_, err = o.Roles.SetGroupPermissions(o.Ctx, o.admin, group.ID, some)
	unknown(t, err, "permissions")
	_, err = o.Roles.SetRoles(o.Ctx, o.admin, o.user.UserID, []string{"EDITOR", "NOBODY", "USER", "editor"})
	unknown(t, err, "roles")
	_, err = o.Roles.SetGroups(o.Ctx, o.admin, o.user.UserID, []string{"support", "nobody", "support", group.ID.String()})
	unknown(t, err, "groups")
}

func unknown(t *testing.T, err error, list string) {
	t.Helper()
	coretest.Equal(t, core.KindInvalid, core.AsError(err).Kind)
	coretest.Equal(t, []string{list + ".1 unknown_value", list + ".3 unknown_value"}, broken(err))
}
