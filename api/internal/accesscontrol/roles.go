package accesscontrol

import (
	"context"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/access"
)

// ListRoles lists the roles.
func (h Handlers) ListRoles(ctx context.Context, request oapi.ListRolesRequestObject) (oapi.ListRolesResponseObject, error) {
	page, err := form.Page(request.Params.Limit, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	roles, next, err := h.Roles.Roles(ctx, page)
	return oapi.ListRoles200JSONResponse{Items: form.Each(roles, role), NextCursor: form.Next(next)}, err
}

// CreateRole makes a role.
func (h Handlers) CreateRole(ctx context.Context, request oapi.CreateRoleRequestObject) (oapi.CreateRoleResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	made, err := h.Roles.CreateRole(ctx, who.Principal, access.RoleDraft{
		Name: request.Body.Name, Description: request.Body.Description, Permissions: request.Body.Permissions,
		SecondFactorRequired: request.Body.SecondFactorRequired,
	})
	return oapi.CreateRole201JSONResponse(role(made)), err
}

// GetRole tells of a role.
func (h Handlers) GetRole(ctx context.Context, request oapi.GetRoleRequestObject) (oapi.GetRoleResponseObject, error) {
	found, err := h.Roles.Role(ctx, request.ID)
	return oapi.GetRole200JSONResponse(role(found)), err
}

// UpdateRole changes a role.
func (h Handlers) UpdateRole(ctx context.Context, request oapi.UpdateRoleRequestObject) (oapi.UpdateRoleResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	changed, err := h.Roles.UpdateRole(ctx, who.Principal, request.ID, access.RoleChange{
		Description: request.Body.Description, Permissions: request.Body.Permissions,
		SecondFactorRequired: request.Body.SecondFactorRequired,
	})
	return oapi.UpdateRole200JSONResponse(role(changed)), err
}

// DeleteRole removes a role.
func (h Handlers) DeleteRole(ctx context.Context, request oapi.DeleteRoleRequestObject) (oapi.DeleteRoleResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	return oapi.DeleteRole204Response{}, h.Roles.DeleteRole(ctx, who.Principal, request.ID)
}

func role(of access.Role) oapi.Role {
	return oapi.Role{
		ID: of.ID, Name: of.Name, Description: of.Description, Permissions: form.List(of.Permissions),
		SecondFactorRequired: of.Demands(), System: of.System, CreatedAt: of.CreatedAt, UpdatedAt: of.UpdatedAt,
	}
}

// entered gives a text that was left out, which none may be empty, as nil.
func entered(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
