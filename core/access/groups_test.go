package access_test

import (
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/access/accesstest"
	"github.com/doorward/doorward/core/coretest"
)

func TestAGroupFromItsMakingToItsEnd(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	made, err := o.Roles.CreateGroup(o.Ctx, o.admin, access.GroupDraft{Name: "support", Permissions: []string{"users.read"}})
	o.Must(err)
	want := access.Group{
		ID: made.ID, Name: "support", Permissions: []string{"users.read"}, CreatedAt: o.Clock.Now(), UpdatedAt: o.Clock.Now(),
	}
	coretest.Equal(t, want, made)
	o.group("sales")
	_, err = o.Roles.CreateGroup(o.Ctx, o.admin, access.GroupDraft{Name: "support"})
	o.Refused(err, access.ErrNameTaken)
	_, err = o.Roles.UpdateGroup(o.Ctx, o.admin, made.ID, access.GroupChange{Name: ptr("sales")})
	o.Refused(err, access.ErrNameTaken)
	o.Tells(made.ID, func() {
		changed, err := o.Roles.UpdateGroup(o.Ctx, o.admin, made.ID, access.GroupChange{Name: ptr("help"), Description: ptr("Helps.")})
		o.Must(err)
		want.Name, want.Description = "help", "Helps."
		coretest.Equal(t, want, changed)
	}, "group.update success by person changed=name description name=support renamed_to=help")
	o.Tells(made.ID, func() {
		changed, err := o.Roles.SetGroupPermissions(o.Ctx, o.admin, made.ID, []string{"mail.read"})
		o.Must(err)
		want.Permissions = []string{"mail.read"}
		coretest.Equal(t, want, changed)
	}, "group.update success by person added=mail.read name=help removed=users.read")
	kept, err := o.Roles.Group(o.Ctx, made.ID)
	o.Must(err)
	coretest.Equal(t, want, kept)
	groups, _, err := o.Roles.Groups(o.Ctx, core.Page{})
	o.Must(err)
	coretest.Equal(t, 2, len(groups))

	_, err = o.Roles.SetGroups(o.Ctx, o.admin, o.user.UserID, []string{"help"})
	o.Must(err)
	o.Refused(o.Roles.DeleteGroup(o.Ctx, o.admin, made.ID), access.ErrInUse)
	_, err = o.Roles.SetGroups(o.Ctx, o.admin, o.user.UserID, nil)
	o.Must(err)
	o.Must(o.Roles.DeleteGroup(o.Ctx, o.admin, made.ID))
	_, err = o.Roles.UpdateGroup(o.Ctx, o.admin, made.ID, access.GroupChange{})
	o.Refused(err, core.ErrNotFound)
}

func TestAPermissionFromItsMakingToItsEnd(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	made, err := o.Roles.CreatePermission(o.Ctx, o.admin, access.PermissionDraft{Key: "articles.write"})
	o.Must(err)
	want := access.Permission{ID: made.ID, Key: "articles.write", Category: "articles", CreatedAt: o.Clock.Now()}
	coretest.Equal(t, want, made)
	_, err = o.Roles.CreatePermission(o.Ctx, o.admin, access.PermissionDraft{Key: "articles.write"})
	o.Refused(err, access.ErrNameTaken)

	// Who made it does not hold it, and an owner does.
	_, err = o.Roles.CreateRole(o.Ctx, o.admin, access.RoleDraft{Name: "EDITOR", Permissions: []string{"articles.write"}})
	o.Refused(err, access.ErrExceeds)
	editor := o.role("EDITOR", "articles.write")

	o.Tells(made.ID, func() {
		want.Description, want.Category = "Write articles", "press"
		changed, err := o.Roles.UpdatePermission(o.Ctx, o.admin, made.ID, access.PermissionChange{
			Description: ptr("Write articles"), Category: ptr("press"),
		})
		o.Must(err)
		coretest.Equal(t, want, changed)
	}, "permission.update success by person changed=description category name=articles.write")
	kept, err := o.Roles.Permission(o.Ctx, made.ID)
	o.Must(err)
	coretest.Equal(t, want, kept)

	o.Refused(o.Roles.DeletePermission(o.Ctx, o.admin, made.ID), access.ErrInUse)
	o.Must(o.Roles.DeleteRole(o.Ctx, o.owner, editor.ID))
	robot := o.Machine("robot", "articles.write")
	o.Refused(o.Roles.DeletePermission(o.Ctx, o.admin, made.ID), access.ErrInUse)
	o.Must(o.Machines.Remove(o.Ctx, robot.ServiceID))
	o.Must(o.Roles.DeletePermission(o.Ctx, o.admin, made.ID))
	o.Refused(o.Roles.DeletePermission(o.Ctx, o.admin, made.ID), core.ErrNotFound)

	system := accesstest.PermissionID(access.UsersRead)
	o.Refused(o.Roles.DeletePermission(o.Ctx, o.owner, system), access.ErrImmutable)
	_, err = o.Roles.UpdatePermission(o.Ctx, o.owner, system, access.PermissionChange{Description: ptr("Mine.")})
	o.Refused(err, access.ErrImmutable)
}
