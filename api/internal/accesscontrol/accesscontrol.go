// Package accesscontrol answers the operations of the tag access, and what a person may ask of it about themselves: roles,
// groups, permissions, and who has them.
package accesscontrol

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
)

// Handlers answer the operations. All of its members are needed; *access.Service is each of them.
type Handlers struct {
	Roles       Roles
	Groups      Groups
	Permissions Permissions
	Assignments Assignments
}

// Roles keeps roles.
type Roles interface {
	Roles(ctx context.Context, page core.Page) (roles []access.Role, next core.Position, err error)
	Role(ctx context.Context, id core.ID) (access.Role, error)
	CreateRole(ctx context.Context, caller core.Principal, draft access.RoleDraft) (access.Role, error)
	UpdateRole(ctx context.Context, caller core.Principal, id core.ID, change access.RoleChange) (access.Role, error)
	DeleteRole(ctx context.Context, caller core.Principal, id core.ID) error
}

// Groups keeps groups.
type Groups interface {
	Groups(ctx context.Context, page core.Page) (groups []access.Group, next core.Position, err error)
	Group(ctx context.Context, id core.ID) (access.Group, error)
	CreateGroup(ctx context.Context, caller core.Principal, draft access.GroupDraft) (access.Group, error)
	UpdateGroup(ctx context.Context, caller core.Principal, id core.ID, change access.GroupChange) (access.Group, error)
	SetGroupPermissions(ctx context.Context, caller core.Principal, id core.ID, permissions []string) (access.Group, error)
	DeleteGroup(ctx context.Context, caller core.Principal, id core.ID) error
}

// Permissions keeps permissions.
type Permissions interface {
	Permissions(ctx context.Context, page core.Page) (permissions []access.Permission, next core.Position, err error)
	Permission(ctx context.Context, id core.ID) (access.Permission, error)
	CreatePermission(ctx context.Context, caller core.Principal, draft access.PermissionDraft) (access.Permission, error)
	UpdatePermission(
		ctx context.Context, caller core.Principal, id core.ID, change access.PermissionChange,
	) (access.Permission, error)
	DeletePermission(ctx context.Context, caller core.Principal, id core.ID) error
}

// Assignments tells and says who has what.
type Assignments interface {
	RolesOf(ctx context.Context, user core.ID) ([]access.HeldRole, error)
	SetRoles(ctx context.Context, caller core.Principal, user core.ID, roles []string) ([]access.HeldRole, error)
	GroupsOf(ctx context.Context, user core.ID) ([]access.HeldGroup, error)
	SetGroups(ctx context.Context, caller core.Principal, user core.ID, groups []string) ([]access.HeldGroup, error)
	EffectiveOf(ctx context.Context, user core.ID) ([]access.Effective, error)
	OwnPermissions(ctx context.Context, caller core.Principal) ([]access.Effective, error)
}
