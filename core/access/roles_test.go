package access_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/access/accesstest"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
)

func TestARoleFromItsMakingToItsEnd(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	var made access.Role
	o.Tells(core.ID{}, func() {
		draft := access.RoleDraft{
			Name: "EDITOR", Description: " Writes. ", Permissions: []string{"users.write", "users.read", "users.read"},
			SecondFactorRequired: true,
		}
		var err error
		made, err = o.Roles.CreateRole(o.Ctx, o.admin, draft)
		o.Must(err)
	}, "role.create success by person of another added=users.read users.write name=EDITOR second_factor_required=true")
	want := access.Role{
		ID: made.ID, Name: "EDITOR", Description: "Writes.", Permissions: []string{"users.read", "users.write"},
		SecondFactorSince: o.Clock.Now(), CreatedAt: o.Clock.Now(), UpdatedAt: o.Clock.Now(),
	}
	coretest.Equal(t, want, made)
	coretest.Equal(t, 1, o.Announced.Of(core.SubjectAccess, core.ID{}))

	o.Later(1e9)
	o.Tells(made.ID, func() {
		changed, err := o.Roles.UpdateRole(o.Ctx, o.admin, made.ID, access.RoleChange{
			Description: ptr("Reads."), Permissions: &[]string{"users.read", "mail.read"}, SecondFactorRequired: ptr(false),
		})
		o.Must(err)
		want.Description, want.Permissions, want.SecondFactorSince = "Reads.", []string{"mail.read", "users.read"}, time.Time{}
		want.UpdatedAt = o.Clock.Now()
		coretest.Equal(t, want, changed)
	}, "role.update success by person added=mail.read changed=description name=EDITOR removed=users.write second_factor_required=false")
	coretest.Equal(t, 2, o.Announced.Of(core.SubjectAccess, core.ID{}))
	kept, err := o.Roles.Role(o.Ctx, made.ID)
	o.Must(err)
	coretest.Equal(t, want, kept)

	o.give(o.user, "EDITOR")
	o.Tells(made.ID, func() {
		o.Refused(o.Roles.DeleteRole(o.Ctx, o.admin, made.ID), access.ErrInUse)
	}, "role.delete refused in_use by person")
	o.give(o.user)
	o.Tells(made.ID, func() { o.Must(o.Roles.DeleteRole(o.Ctx, o.admin, made.ID)) },
		"role.delete success by person name=EDITOR removed=mail.read users.read")
	_, err = o.Roles.Role(o.Ctx, made.ID)
	o.Refused(err, core.ErrNotFound)
	o.Refused(o.Roles.DeleteRole(o.Ctx, o.admin, made.ID), core.ErrNotFound)
}

// TestADemandThatStandsKeepsItsInstant edits a role in every other way: whoever has it gets no new grace by that.
func TestADemandThatStandsKeepsItsInstant(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	role, since := o.role("EDITOR", "users.read"), o.Clock.Now()
	for i, change := range []access.RoleChange{
		{SecondFactorRequired: ptr(true)},
		{Description: ptr("Writes."), SecondFactorRequired: ptr(true)},
		{Permissions: &[]string{"users.read", "users.write"}},
		{SecondFactorRequired: ptr(true)},
	} {
		changed, err := o.Roles.UpdateRole(o.Ctx, o.admin, role.ID, change)
		o.Must(err)
		coretest.Equal(t, since, changed.SecondFactorSince)
		catalogue, err := o.Access.Catalogue(o.Ctx)
		o.Must(err)
		coretest.Equal(t, since, catalogue.Rights(&account.User{Roles: []string{"EDITOR"}}).SecondFactorSince)
		o.Later(time.Duration(i+1) * time.Hour)
	}
	for _, demanded := range []bool{false, true} {
		_, err := o.Roles.UpdateRole(o.Ctx, o.admin, role.ID, access.RoleChange{SecondFactorRequired: &demanded})
		o.Must(err)
	}
	kept, err := o.Roles.Role(o.Ctx, role.ID)
	o.Must(err)
	coretest.Equal(t, o.Clock.Now(), kept.SecondFactorSince)
}

// What changes nothing is no change: nobody is told, and no replica reads anew.
func TestAChangeOfNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	role, group, permission := o.role("EDITOR", "users.read"), o.group("support", "users.read"), o.permission("articles.write")
	before := o.rev()
	o.Tells(core.ID{}, func() {
		_, err := o.Roles.UpdateRole(o.Ctx, o.admin, role.ID, access.RoleChange{Permissions: &[]string{"users.read"}})
		o.Must(err)
		_, err = o.Roles.UpdateGroup(o.Ctx, o.admin, group.ID, access.GroupChange{Name: ptr("support")})
		o.Must(err)
		_, err = o.Roles.UpdatePermission(o.Ctx, o.admin, permission.ID, access.PermissionChange{Description: ptr("")})
		o.Must(err)
		_, err = o.Roles.SetRoles(o.Ctx, o.admin, o.user.UserID, []string{account.RoleUser, account.RoleUser})
		o.Must(err)
	})
	coretest.Equal(t, before, o.rev())
	coretest.Equal(t, 0, o.Announced.Of(core.SubjectUser, o.user.UserID))
}

func TestRolesOfTheSystem(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	for name, change := range map[string]access.RoleChange{
		"description": {Description: ptr("Mine.")},
		"permissions": {Permissions: &[]string{"users.read"}},
		"all at once": {Permissions: &[]string{}, SecondFactorRequired: ptr(true)},
	} {
		if _, err := o.Roles.UpdateRole(o.Ctx, o.owner, accesstest.AdminID, change); core.AsError(err).Code != core.CodeImmutable {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []core.ID{accesstest.OwnerID, accesstest.AdminID, accesstest.UserID} {
		o.Refused(o.Roles.DeleteRole(o.Ctx, o.owner, id), access.ErrImmutable)
		changed, err := o.Roles.UpdateRole(o.Ctx, o.owner, id, access.RoleChange{SecondFactorRequired: ptr(true)})
		o.Must(err)
		coretest.Equal(t, o.Clock.Now(), changed.SecondFactorSince)
		shown, err := o.Roles.Role(o.Ctx, id)
		o.Must(err)
		coretest.Equal(t, shown, changed)
		changed, err = o.Roles.UpdateRole(o.Ctx, o.owner, id, access.RoleChange{})
		o.Must(err)
		coretest.Equal(t, shown, changed)
	}
	_, err := o.Roles.UpdateRole(o.Ctx, o.admin, accesstest.OwnerID, access.RoleChange{SecondFactorRequired: ptr(false)})
	o.Refused(err, access.ErrExceeds)
	_, err = o.Roles.CreateRole(o.Ctx, o.owner, access.RoleDraft{Name: account.RoleAdmin})
	o.Refused(err, access.ErrNameTaken)
}

// TestNobodyShapesWhatIsMoreThanThey lets an administrator, a token and a machine try.
func TestNobodyShapesWhatIsMoreThanThey(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	strong, weak := o.role("STRONG", "users.impersonate"), o.role("WEAK", "users.read")
	strongGroup, weakGroup := o.group("strong", "users.impersonate"), o.group("weak", "users.read")
	token := o.Program(o.admin.UserID, "access.write", "users.read")
	for name, c := range map[string]struct {
		caller core.Principal
		beyond string
	}{
		"an administrator": {o.admin, "users.impersonate"},
		"a token":          {token, "users.write"},
		"a machine":        {o.Machine("robot", "access.write", "users.read"), "users.suspend"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			beyond := []string{c.beyond}
			_, err := o.Roles.CreateRole(o.Ctx, c.caller, access.RoleDraft{Name: "MORE", Permissions: beyond})
			exceeds(t, err)
			_, err = o.Roles.CreateGroup(o.Ctx, c.caller, access.GroupDraft{Name: "more", Permissions: beyond})
			exceeds(t, err)
			_, err = o.Roles.UpdateRole(o.Ctx, c.caller, weak.ID, access.RoleChange{Permissions: &beyond})
			exceeds(t, err)
			_, err = o.Roles.UpdateRole(o.Ctx, c.caller, strong.ID, access.RoleChange{Permissions: &[]string{}})
			exceeds(t, err)
			_, err = o.Roles.SetGroupPermissions(o.Ctx, c.caller, weakGroup.ID, beyond)
			exceeds(t, err)
			_, err = o.Roles.UpdateGroup(o.Ctx, c.caller, strongGroup.ID, access.GroupChange{Name: ptr("mine")})
			exceeds(t, err)
			exceeds(t, o.Roles.DeleteRole(o.Ctx, c.caller, strong.ID))
			exceeds(t, o.Roles.DeleteGroup(o.Ctx, c.caller, strongGroup.ID))
		})
	}
}

func exceeds(t *testing.T, err error) {
	t.Helper()
	coretest.Equal(t, core.CodeExceedsRights, core.AsError(err).Code)
}

// TestWhoeverMayNotWriteLearnsNothing calls everything without the permission, of things that are there and not.
func TestWhoeverMayNotWriteLearnsNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	role, group, permission := o.role("EDITOR"), o.group("support"), o.permission("articles.write")
	before := o.rev()
	token, shown := o.Program(o.admin.UserID, "access.read"), o.admin
	shown.Means, shown.Actor, shown.SessionID = core.ByImpersonation, o.owner.UserID, o.owner.SessionID
	for _, caller := range []core.Principal{o.user, token, shown, o.Machine("reader", "access.read")} {
		for _, id := range []core.ID{role.ID, group.ID, permission.ID, o.user.UserID, {15: 9}} {
			for name, act := range o.acts(caller, id) {
				if refusal := core.AsError(act()); refusal.Code != core.CodeForbidden {
					t.Errorf("%s: %v", name, refusal)
				}
			}
		}
	}
	coretest.Equal(t, before, o.rev())
	gone := core.Principal{UserID: core.ID{15: 9}}
	for name, act := range o.acts(gone, role.ID) {
		if refusal := core.AsError(act()); refusal.Code != core.CodeSessionEnded {
			t.Errorf("%s: %v", name, refusal)
		}
	}
}

// acts are all that changes something, with the caller, of the thing that has the id.
func (o *office) acts(caller core.Principal, id core.ID) map[string]func() error {
	second := func(_ any, err error) error { return err }
	return map[string]func() error{
		"create role":       func() error { return second(o.Roles.CreateRole(o.Ctx, caller, access.RoleDraft{Name: "NEW"})) },
		"update role":       func() error { return second(o.Roles.UpdateRole(o.Ctx, caller, id, access.RoleChange{})) },
		"delete role":       func() error { return o.Roles.DeleteRole(o.Ctx, caller, id) },
		"create group":      func() error { return second(o.Roles.CreateGroup(o.Ctx, caller, access.GroupDraft{Name: "new"})) },
		"update group":      func() error { return second(o.Roles.UpdateGroup(o.Ctx, caller, id, access.GroupChange{})) },
		"group permissions": func() error { return second(o.Roles.SetGroupPermissions(o.Ctx, caller, id, nil)) },
		"delete group":      func() error { return o.Roles.DeleteGroup(o.Ctx, caller, id) },
		"create permission": func() error {
			return second(o.Roles.CreatePermission(o.Ctx, caller, access.PermissionDraft{Key: "new.one"}))
		},
		"update permission": func() error {
			return second(o.Roles.UpdatePermission(o.Ctx, caller, id, access.PermissionChange{}))
		},
		"delete permission": func() error { return o.Roles.DeletePermission(o.Ctx, caller, id) },
		"set roles":         func() error { return second(o.Roles.SetRoles(o.Ctx, caller, id, nil)) },
		"set groups":        func() error { return second(o.Roles.SetGroups(o.Ctx, caller, id, nil)) },
	}
}

func TestRolesInPages(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	for i := range 4 {
		o.Later(1e9)
		o.role(fmt.Sprintf("R%d", 9-i))
	}
	var names []string
	page := core.Page{Limit: 3}
	for range 3 {
		roles, next, err := o.Roles.Roles(o.Ctx, page)
		o.Must(err)
		for _, role := range roles {
			names = append(names, role.Name)
		}
		if page.After = next; next.IsZero() {
			break
		}
	}
	coretest.Equal(t, "OWNER ADMIN USER R9 R8 R7 R6", strings.Join(names, " "))
	roles, next, err := o.Roles.Roles(o.Ctx, core.Page{Limit: core.PageLimitMax + 1})
	o.Must(err)
	coretest.Equal(t, true, next.IsZero())
	permissions, _, err := o.Roles.Permissions(o.Ctx, core.Page{Limit: core.PageLimitMax})
	o.Must(err)
	coretest.Equal(t, len(permissions), len(roles[0].Permissions))
	coretest.Equal(t, false, slices.Contains(roles[1].Permissions, "users.impersonate"))
}

// crowded is a catalogue that seems to hold more than it does.
type crowded struct {
	*accesstest.Memory
	roles, groups, permissions int
}

// Hold implements access.Catalogues.
func (c crowded) Hold(ctx context.Context) (*access.Catalogue, error) {
	catalogue, err := c.Memory.Hold(ctx)
	if err != nil {
		return nil, err
	}
	content := catalogue.Content
	for len(content.Roles) < c.roles {
		content.Roles = append(content.Roles, access.Role{Name: fmt.Sprintf("R%d", len(content.Roles))})
	}
	for len(content.Groups) < c.groups {
		content.Groups = append(content.Groups, access.Group{ID: core.ID{1, byte(len(content.Groups) >> 8), byte(len(content.Groups))}})
	}
	for len(content.Permissions) < c.permissions {
		content.Permissions = append(content.Permissions, access.Permission{Key: fmt.Sprintf("app.p%d", len(content.Permissions))})
	}
	return access.Compile(content), nil
}

// TestThereIsAnEnd makes the last of each kind, and then one more.
func TestThereIsAnEnd(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	for _, room := range []int{1, 0} {
		catalogues := crowded{o.Access, access.RolesMax - room, access.GroupsMax - room, access.PermissionsMax - room}
		service := access.NewService(access.Deps{
			Lookup: o.Access, Catalogues: catalogues, Memberships: o.Access, Users: o.Users,
			Warden: access.NewWarden(catalogues, o.Users, o.Machines, o.Admissions, o.Clock), Post: o.Post, Origins: o.Origins, Trail: o.Trail,
			Tx: o.DB, Announcer: o.Announced, Clock: o.Clock, IDs: o.IDs,
		})
		var want error
		if room == 0 {
			want = access.ErrTooMany
		}
		_, err := service.CreateRole(o.Ctx, o.owner, access.RoleDraft{Name: fmt.Sprintf("LAST%d", room)})
		o.Refused(err, want)
		_, err = service.CreateGroup(o.Ctx, o.owner, access.GroupDraft{Name: fmt.Sprintf("last%d", room)})
		o.Refused(err, want)
		_, err = service.CreatePermission(o.Ctx, o.owner, access.PermissionDraft{Key: fmt.Sprintf("app.last%d", room)})
		o.Refused(err, want)
	}
}
