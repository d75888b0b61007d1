package access_test

import (
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/internal/house"
)

// office is a house with people of each built-in role.
type office struct {
	*house.House
	t                  *testing.T
	owner, admin, user core.Principal
}

func openOffice(t *testing.T) *office {
	t.Helper()
	o := &office{House: house.Open(t), t: t}
	o.owner = o.hire("owner", account.RoleOwner)
	o.admin = o.hire("admin", account.RoleAdmin)
	o.user = o.hire("user", account.RoleUser)
	return o
}

// hire opens the account name@example.com with the roles.
func (o *office) hire(name string, roles ...string) core.Principal {
	o.t.Helper()
	person := accounttest.Person(name)
	person.Roles = roles
	o.Must(o.Users.Create(o.Ctx, person))
	return o.Session(person.ID)
}

// role, group and permission are made by the owner, who may make any.
func (o *office) role(name string, permissions ...string) access.Role {
	o.t.Helper()
	made, err := o.Roles.CreateRole(o.Ctx, o.owner, access.RoleDraft{Name: name, Permissions: permissions})
	o.Must(err)
	return made
}

func (o *office) group(name string, permissions ...string) access.Group {
	o.t.Helper()
	made, err := o.Roles.CreateGroup(o.Ctx, o.owner, access.GroupDraft{Name: name, Permissions: permissions})
	o.Must(err)
	return made
}

func (o *office) permission(key string) access.Permission {
	o.t.Helper()
	made, err := o.Roles.CreatePermission(o.Ctx, o.owner, access.PermissionDraft{Key: key})
	o.Must(err)
	return made
}

// give lets the owner say which roles somebody has.
func (o *office) give(to core.Principal, roles ...string) {
	o.t.Helper()
	_, err := o.Roles.SetRoles(o.Ctx, o.owner, to.UserID, roles)
	o.Must(err)
}

// rev is the revision of the catalogue.
func (o *office) rev() int64 {
	o.t.Helper()
	catalogue, err := o.Access.Catalogue(o.Ctx)
	o.Must(err)
	return catalogue.Rev
}

// broken tells which fields of an input were refused, as "field code".
func broken(err error) (fields []string) {
	for _, field := range core.AsError(err).Fields {
		fields = append(fields, field.Field+" "+string(field.Code))
	}
	return fields
}

func ptr[T any](value T) *T { return &value }
