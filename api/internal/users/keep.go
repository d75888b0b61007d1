package users

import (
	"context"

	"github.com/oapi-codegen/nullable"

	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
)

// CreateUser opens an account for somebody.
func (h Handlers) CreateUser(ctx context.Context, request oapi.CreateUserRequestObject) (oapi.CreateUserResponseObject, error) {
	asked := request.Body
	who, err := by(ctx, asked.Reason)
	if err != nil {
		return nil, err
	}
	user, err := h.Keeper.Create(ctx, who, directory.NewUser{
		Email: asked.Email, Username: asked.Username, Country: asked.Country, ExternalID: asked.ExternalID,
		Profile: account.Profile{Name: asked.Name, Locale: asked.Locale, Phone: asked.Phone},
		Roles:   asked.Roles, Groups: asked.Groups, EmailVerified: asked.EmailVerified,
		Invite: asked.Invite == nil || *asked.Invite,
	})
	return oapi.CreateUser201JSONResponse{ManagedUserJSONResponse: reply(user)}, err
}

// UpdateUser changes a user.
func (h Handlers) UpdateUser(ctx context.Context, request oapi.UpdateUserRequestObject) (oapi.UpdateUserResponseObject, error) {
	asked := request.Body
	who, err := by(ctx, asked.Reason)
	if err != nil {
		return nil, err
	}
	change := directory.Change{
		Profile: account.ProfileChange{
			Username: changed(asked.Username), Bio: changed(asked.Bio), ImageURL: changed(asked.ImageURL),
			Locale: changed(asked.Locale), Phone: changed(asked.Phone),
		},
		Country: changed(asked.Country), ExternalID: changed(asked.ExternalID),
	}
	if asked.Name != "" {
		change.Profile.Name = &asked.Name
	}
	user, err := h.Keeper.Update(ctx, who, request.ID, change)
	return oapi.UpdateUser200JSONResponse{ManagedUserJSONResponse: reply(user)}, err
}

// changed reads a member of a partial update: nil when it is absent, the empty text when it is null.
func changed(member nullable.Nullable[string]) *string {
	if !member.IsSpecified() {
		return nil
	}
	value, _ := member.Get()
	return &value
}

// DeleteUser deletes a user.
func (h Handlers) DeleteUser(ctx context.Context, request oapi.DeleteUserRequestObject) (oapi.DeleteUserResponseObject, error) {
	who, err := by(ctx, request.Params.Reason)
	if err != nil {
		return nil, err
	}
	user, err := h.Keeper.Delete(ctx, who, request.ID)
	return oapi.DeleteUser200JSONResponse{PurgeAt: user.PurgeAt}, err
}

// SuspendUser suspends a user.
func (h Handlers) SuspendUser(
	ctx context.Context, request oapi.SuspendUserRequestObject,
) (oapi.SuspendUserResponseObject, error) {
	who, err := by(ctx, request.Body.Reason)
	if err != nil {
		return nil, err
	}
	user, err := h.Keeper.Suspend(ctx, who, request.ID)
	return oapi.SuspendUser200JSONResponse{ManagedUserJSONResponse: reply(user)}, err
}

// RestoreUser brings a user back.
func (h Handlers) RestoreUser(
	ctx context.Context, request oapi.RestoreUserRequestObject,
) (oapi.RestoreUserResponseObject, error) {
	who, err := by(ctx, reason(request.Body))
	if err != nil {
		return nil, err
	}
	user, err := h.Keeper.Restore(ctx, who, request.ID)
	return oapi.RestoreUser200JSONResponse{ManagedUserJSONResponse: reply(user)}, err
}

// VerifyUserEmail takes an address for proven.
func (h Handlers) VerifyUserEmail(
	ctx context.Context, request oapi.VerifyUserEmailRequestObject,
) (oapi.VerifyUserEmailResponseObject, error) {
	who, err := by(ctx, reason(request.Body))
	if err != nil {
		return nil, err
	}
	user, err := h.Keeper.VerifyEmail(ctx, who, request.ID)
	return oapi.VerifyUserEmail200JSONResponse{ManagedUserJSONResponse: reply(user)}, err
}

// reason reads a body that need not be there.
func reason(body *oapi.ReasonRequest) string {
	if body == nil {
		return ""
	}
	return body.Reason
}
