package machines

import (
	"context"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/apitoken"
)

// ListServiceAccounts lists the service accounts.
func (h Handlers) ListServiceAccounts(
	ctx context.Context, request oapi.ListServiceAccountsRequestObject,
) (oapi.ListServiceAccountsResponseObject, error) {
	page, err := form.Page(request.Params.Limit, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	accounts, next, err := h.Services.ListAccounts(ctx, page)
	return oapi.ListServiceAccounts200JSONResponse{Items: form.Each(accounts, serviceAccount), NextCursor: form.Next(next)}, err
}

// CreateServiceAccount makes a service account.
func (h Handlers) CreateServiceAccount(
	ctx context.Context, request oapi.CreateServiceAccountRequestObject,
) (oapi.CreateServiceAccountResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	made, err := h.Services.Open(ctx, who.Principal, apitoken.AccountDraft{
		Name: request.Body.Name, Description: request.Body.Description, Scopes: request.Body.Scopes,
	})
	return oapi.CreateServiceAccount201JSONResponse(serviceAccount(made)), err
}

// GetServiceAccount tells of a service account.
func (h Handlers) GetServiceAccount(
	ctx context.Context, request oapi.GetServiceAccountRequestObject,
) (oapi.GetServiceAccountResponseObject, error) {
	found, err := h.Services.Find(ctx, request.ID)
	return oapi.GetServiceAccount200JSONResponse(serviceAccount(found)), err
}

// UpdateServiceAccount changes a service account.
func (h Handlers) UpdateServiceAccount(
	ctx context.Context, request oapi.UpdateServiceAccountRequestObject,
) (oapi.UpdateServiceAccountResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	change := apitoken.AccountChange{
		Description: request.Body.Description, Scopes: request.Body.Scopes, Disabled: request.Body.Disabled,
	}
	if name := request.Body.Name; name != "" {
		change.Name = &name
	}
	changed, err := h.Services.Alter(ctx, who.Principal, request.ID, change)
	return oapi.UpdateServiceAccount200JSONResponse(serviceAccount(changed)), err
}

// DeleteServiceAccount removes a service account.
func (h Handlers) DeleteServiceAccount(
	ctx context.Context, request oapi.DeleteServiceAccountRequestObject,
) (oapi.DeleteServiceAccountResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	return oapi.DeleteServiceAccount204Response{}, h.Services.Close(ctx, who.Principal, request.ID)
}

// ListServiceAccountKeys lists the keys of a service account.
func (h Handlers) ListServiceAccountKeys(
	ctx context.Context, request oapi.ListServiceAccountKeysRequestObject,
) (oapi.ListServiceAccountKeysResponseObject, error) {
	keys, err := h.ServiceKeys.ListKeys(ctx, request.ID)
	return oapi.ListServiceAccountKeys200JSONResponse{Items: form.Each(keys, serviceKey), NextCursor: form.Null}, err
}

// CreateServiceAccountKey makes a key of a service account.
func (h Handlers) CreateServiceAccountKey(
	ctx context.Context, request oapi.CreateServiceAccountKeyRequestObject,
) (oapi.CreateServiceAccountKeyResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	var draft apitoken.KeyDraft
	if request.Body != nil {
		draft.ExpiresIn, draft.ExpiresAt = seconds(request.Body.ExpiresIn), request.Body.ExpiresAt
	}
	key, text, err := h.ServiceKeys.MakeKey(ctx, who.Principal, request.ID, draft)
	return oapi.CreateServiceAccountKey201JSONResponse{Key: text.Reveal(), ServiceAccountKey: serviceKey(key)}, err
}

// RevokeServiceAccountKey revokes a key of a service account.
func (h Handlers) RevokeServiceAccountKey(
	ctx context.Context, request oapi.RevokeServiceAccountKeyRequestObject,
) (oapi.RevokeServiceAccountKeyResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	return oapi.RevokeServiceAccountKey204Response{}, h.ServiceKeys.RevokeKey(ctx, who.Principal, request.ID, request.KeyID)
}

func serviceAccount(of apitoken.ServiceAccount) oapi.ServiceAccount {
	return oapi.ServiceAccount{
		ID: of.ID, Name: of.Name, Description: of.Description, Scopes: form.List(of.Scopes), Disabled: of.Disabled,
		CreatedBy: of.CreatedBy, CreatedAt: of.CreatedAt, UpdatedAt: of.UpdatedAt,
	}
}

func serviceKey(of apitoken.Key) oapi.ServiceAccountKey {
	return oapi.ServiceAccountKey{
		ID: of.ID, Hint: of.Hint, CreatedAt: of.CreatedAt, ExpiresAt: form.Time(of.ExpiresAt),
		LastUsedAt: form.Time(of.LastUsedAt),
	}
}
