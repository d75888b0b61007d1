package users

import (
	"context"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
)

// UnlockUser lifts the locks of a user.
func (h Handlers) UnlockUser(ctx context.Context, request oapi.UnlockUserRequestObject) (oapi.UnlockUserResponseObject, error) {
	who, err := by(ctx, reason(request.Body))
	if err != nil {
		return nil, err
	}
	return oapi.UnlockUser204Response{}, h.Helper.Unlock(ctx, who, request.ID)
}

// ResetUserPassword makes a user set a new password.
func (h Handlers) ResetUserPassword(
	ctx context.Context, request oapi.ResetUserPasswordRequestObject,
) (oapi.ResetUserPasswordResponseObject, error) {
	who, err := by(ctx, reason(request.Body))
	if err != nil {
		return nil, err
	}
	return oapi.ResetUserPassword204Response{}, h.Helper.ForceReset(ctx, who, request.ID)
}

// RequireUserFactor demands a second factor of a user, or takes the demand back.
func (h Handlers) RequireUserFactor(
	ctx context.Context, request oapi.RequireUserFactorRequestObject,
) (oapi.RequireUserFactorResponseObject, error) {
	who, err := by(ctx, request.Body.Reason)
	if err != nil {
		return nil, err
	}
	return oapi.RequireUserFactor204Response{}, h.Helper.RequireFactor(ctx, who, request.ID, request.Body.Required)
}

// RemoveUserFactors removes the second factors of a user.
func (h Handlers) RemoveUserFactors(
	ctx context.Context, request oapi.RemoveUserFactorsRequestObject,
) (oapi.RemoveUserFactorsResponseObject, error) {
	who, err := by(ctx, request.Params.Reason)
	if err != nil {
		return nil, err
	}
	return oapi.RemoveUserFactors204Response{}, h.Helper.RemoveFactors(ctx, who, request.ID)
}

// ListUserSessions lists the live sessions of a user.
func (h Handlers) ListUserSessions(
	ctx context.Context, request oapi.ListUserSessionsRequestObject,
) (oapi.ListUserSessionsResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	page, err := form.Page(request.Params.Limit, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	sessions, next, err := h.Finder.Sessions(ctx, request.ID, page)
	list := oapi.SessionList{Items: make([]oapi.Session, 0, len(sessions)), NextCursor: form.Next(next)}
	for _, each := range sessions {
		list.Items = append(list.Items, form.Session(each, who.Session.ID))
	}
	return oapi.ListUserSessions200JSONResponse(list), err
}

// EndUserSessions signs a user out everywhere.
func (h Handlers) EndUserSessions(
	ctx context.Context, request oapi.EndUserSessionsRequestObject,
) (oapi.EndUserSessionsResponseObject, error) {
	who, err := by(ctx, request.Params.Reason)
	if err != nil {
		return nil, err
	}
	return oapi.EndUserSessions204Response{}, h.Helper.EndSessions(ctx, who, request.ID)
}

// EndUserSession ends one session of a user.
func (h Handlers) EndUserSession(
	ctx context.Context, request oapi.EndUserSessionRequestObject,
) (oapi.EndUserSessionResponseObject, error) {
	who, err := by(ctx, request.Params.Reason)
	if err != nil {
		return nil, err
	}
	return oapi.EndUserSession204Response{}, h.Helper.EndSession(ctx, who, request.ID, request.SessionID)
}
