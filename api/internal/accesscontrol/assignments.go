package accesscontrol

import (
	"context"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/access"
)

// GetUserRoles tells which roles a user has.
func (h Handlers) GetUserRoles(
	ctx context.Context, request oapi.GetUserRolesRequestObject,
) (oapi.GetUserRolesResponseObject, error) {
	held, err := h.Assignments.RolesOf(ctx, request.ID)
	return oapi.GetUserRoles200JSONResponse{Roles: form.Each(held, heldRole)}, err
}

// SetUserRoles says which roles a user has.
func (h Handlers) SetUserRoles(
	ctx context.Context, request oapi.SetUserRolesRequestObject,
) (oapi.SetUserRolesResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	held, err := h.Assignments.SetRoles(ctx, who.Principal, request.ID, request.Body.Roles)
	return oapi.SetUserRoles200JSONResponse{Roles: form.Each(held, heldRole)}, err
}

// GetUserGroups tells which groups a user is in.
func (h Handlers) GetUserGroups(
	ctx context.Context, request oapi.GetUserGroupsRequestObject,
) (oapi.GetUserGroupsResponseObject, error) {
	held, err := h.Assignments.GroupsOf(ctx, request.ID)
	return oapi.GetUserGroups200JSONResponse{Groups: form.Each(held, heldGroup)}, err
}

// SetUserGroups says which groups a user is in.
func (h Handlers) SetUserGroups(
	ctx context.Context, request oapi.SetUserGroupsRequestObject,
) (oapi.SetUserGroupsResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	held, err := h.Assignments.SetGroups(ctx, who.Principal, request.ID, request.Body.Groups)
	return oapi.SetUserGroups200JSONResponse{Groups: form.Each(held, heldGroup)}, err
}

// GetUserPermissions tells what a user may do.
func (h Handlers) GetUserPermissions(
	ctx context.Context, request oapi.GetUserPermissionsRequestObject,
) (oapi.GetUserPermissionsResponseObject, error) {
	held, err := h.Assignments.EffectiveOf(ctx, request.ID)
	return oapi.GetUserPermissions200JSONResponse{Permissions: form.Each(held, effective)}, err
}

// GetMyPermissions tells what the caller may do.
func (h Handlers) GetMyPermissions(
	ctx context.Context, _ oapi.GetMyPermissionsRequestObject,
) (oapi.GetMyPermissionsResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	held, err := h.Assignments.OwnPermissions(ctx, who.Principal)
	return oapi.GetMyPermissions200JSONResponse{Permissions: form.Each(held, effective)}, err
}

// GetMyGroups tells which groups the caller is in.
func (h Handlers) GetMyGroups(ctx context.Context, _ oapi.GetMyGroupsRequestObject) (oapi.GetMyGroupsResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	held, err := h.Assignments.GroupsOf(ctx, who.Principal.UserID)
	return oapi.GetMyGroups200JSONResponse{Groups: form.Each(held, heldGroup)}, err
}

func heldRole(of access.HeldRole) oapi.UserRole {
	return oapi.UserRole{
		Name: of.Name, Description: of.Description, Permissions: form.List(of.Permissions),
		AssignedBy: form.ID(of.By), AssignedAt: form.Time(of.At),
	}
}

func heldGroup(of access.HeldGroup) oapi.UserGroup {
	return oapi.UserGroup{
		ID: of.ID, Name: of.Name, Description: of.Description, Permissions: form.List(of.Permissions),
		AssignedBy: form.ID(of.By), AssignedAt: form.Time(of.At),
	}
}

func effective(of access.Effective) oapi.EffectivePermission {
	return oapi.EffectivePermission{
		Key: of.Key, Description: of.Description, Category: of.Category, Roles: form.List(of.FromRoles),
		Groups: form.List(of.FromGroups),
	}
}
