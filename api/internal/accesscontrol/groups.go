package accesscontrol

import (
	"context"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/access"
)

// ListGroups lists the groups.
func (h Handlers) ListGroups(ctx context.Context, request oapi.ListGroupsRequestObject) (oapi.ListGroupsResponseObject, error) {
	page, err := form.Page(request.Params.Limit, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	groups, next, err := h.Groups.Groups(ctx, page)
	return oapi.ListGroups200JSONResponse{Items: form.Each(groups, group), NextCursor: form.Next(next)}, err
}

// CreateGroup makes a group.
func (h Handlers) CreateGroup(ctx context.Context, request oapi.CreateGroupRequestObject) (oapi.CreateGroupResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	made, err := h.Groups.CreateGroup(ctx, who.Principal, access.GroupDraft{
		Name: request.Body.Name, Description: request.Body.Description, Permissions: request.Body.Permissions,
	})
	return oapi.CreateGroup201JSONResponse(group(made)), err
}

// GetGroup tells of a group.
func (h Handlers) GetGroup(ctx context.Context, request oapi.GetGroupRequestObject) (oapi.GetGroupResponseObject, error) {
	found, err := h.Groups.Group(ctx, request.ID)
	return oapi.GetGroup200JSONResponse(group(found)), err
}

// UpdateGroup changes a group.
func (h Handlers) UpdateGroup(ctx context.Context, request oapi.UpdateGroupRequestObject) (oapi.UpdateGroupResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	changed, err := h.Groups.UpdateGroup(ctx, who.Principal, request.ID, access.GroupChange{
		Name: entered(request.Body.Name), Description: request.Body.Description,
		Permissions: request.Body.Permissions,
	})
	return oapi.UpdateGroup200JSONResponse(group(changed)), err
}

// SetGroupPermissions says what a group may do.
func (h Handlers) SetGroupPermissions(
	ctx context.Context, request oapi.SetGroupPermissionsRequestObject,
) (oapi.SetGroupPermissionsResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	changed, err := h.Groups.SetGroupPermissions(ctx, who.Principal, request.ID, request.Body.Permissions)
	return oapi.SetGroupPermissions200JSONResponse(group(changed)), err
}

// DeleteGroup removes a group.
func (h Handlers) DeleteGroup(ctx context.Context, request oapi.DeleteGroupRequestObject) (oapi.DeleteGroupResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	return oapi.DeleteGroup204Response{}, h.Groups.DeleteGroup(ctx, who.Principal, request.ID)
}

func group(of access.Group) oapi.Group {
	return oapi.Group{
		ID: of.ID, Name: of.Name, Description: of.Description, Permissions: form.List(of.Permissions),
		CreatedAt: of.CreatedAt, UpdatedAt: of.UpdatedAt,
	}
}
