package accesscontrol

import (
	"context"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/access"
)

// ListPermissions lists the permissions.
func (h Handlers) ListPermissions(
	ctx context.Context, request oapi.ListPermissionsRequestObject,
) (oapi.ListPermissionsResponseObject, error) {
	page, err := form.Page(request.Params.Limit, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	permissions, next, err := h.Permissions.Permissions(ctx, page)
	return oapi.ListPermissions200JSONResponse{Items: form.Each(permissions, permission), NextCursor: form.Next(next)}, err
}

// CreatePermission makes a permission.
func (h Handlers) CreatePermission(
	ctx context.Context, request oapi.CreatePermissionRequestObject,
) (oapi.CreatePermissionResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	made, err := h.Permissions.CreatePermission(ctx, who.Principal, access.PermissionDraft{
		Key: request.Body.Key, Description: request.Body.Description, Category: request.Body.Category,
	})
	return oapi.CreatePermission201JSONResponse(permission(made)), err
}

// GetPermission tells of a permission.
func (h Handlers) GetPermission(
	ctx context.Context, request oapi.GetPermissionRequestObject,
) (oapi.GetPermissionResponseObject, error) {
	found, err := h.Permissions.Permission(ctx, request.ID)
	return oapi.GetPermission200JSONResponse(permission(found)), err
}

// UpdatePermission describes a permission anew.
func (h Handlers) UpdatePermission(
	ctx context.Context, request oapi.UpdatePermissionRequestObject,
) (oapi.UpdatePermissionResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	changed, err := h.Permissions.UpdatePermission(ctx, who.Principal, request.ID, access.PermissionChange{
		Description: request.Body.Description, Category: entered(request.Body.Category),
	})
	return oapi.UpdatePermission200JSONResponse(permission(changed)), err
}

// DeletePermission removes a permission.
func (h Handlers) DeletePermission(
	ctx context.Context, request oapi.DeletePermissionRequestObject,
) (oapi.DeletePermissionResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	return oapi.DeletePermission204Response{}, h.Permissions.DeletePermission(ctx, who.Principal, request.ID)
}

func permission(of access.Permission) oapi.Permission {
	return oapi.Permission{
		ID: of.ID, Key: of.Key, Description: of.Description, Category: of.Category, System: of.System,
		CreatedAt: of.CreatedAt,
	}
}
