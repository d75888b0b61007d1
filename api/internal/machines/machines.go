// Package machines answers what programs come by: personal access tokens, service accounts and their keys, the
// introspection of tokens, and impersonation.
package machines

import (
	"context"
	"time"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/signin"
)

// Handlers answer the operations. All of its members are needed.
type Handlers struct {
	Tokens       Tokens
	Services     Services
	ServiceKeys  ServiceKeys
	Introspector Introspector
	Impersonator Impersonator
}

// Tokens is what people do with their personal access tokens. *apitoken.Service is one.
type Tokens interface {
	Create(ctx context.Context, caller core.Principal, draft apitoken.Draft) (apitoken.Token, apitoken.Secret, error)
	List(ctx context.Context, user core.ID, page core.Page) (tokens []apitoken.Token, next core.Position, err error)
	Revoke(ctx context.Context, caller core.Principal, id core.ID) error
}

// Services is what administrators do with service accounts. *apitoken.Service is one.
type Services interface {
	Open(ctx context.Context, caller core.Principal, draft apitoken.AccountDraft) (apitoken.ServiceAccount, error)
	Find(ctx context.Context, id core.ID) (apitoken.ServiceAccount, error)
	ListAccounts(ctx context.Context, page core.Page) (accounts []apitoken.ServiceAccount, next core.Position, err error)
	Alter(
		ctx context.Context, caller core.Principal, id core.ID, change apitoken.AccountChange,
	) (apitoken.ServiceAccount, error)
	Close(ctx context.Context, caller core.Principal, id core.ID) error
}

// ServiceKeys is what administrators do with the keys of service accounts. *apitoken.Service is one.
type ServiceKeys interface {
	MakeKey(
		ctx context.Context, caller core.Principal, account core.ID, draft apitoken.KeyDraft,
	) (apitoken.Key, apitoken.Secret, error)
	ListKeys(ctx context.Context, account core.ID) ([]apitoken.Key, error)
	RevokeKey(ctx context.Context, caller core.Principal, account, id core.ID) error
}

// Introspector tells whether tokens are good. *signin.Service is one.
type Introspector interface {
	Introspect(ctx context.Context, caller core.Principal, rights *access.Rights, raw string) (signin.Introspection, error)
}

// Impersonator lets administrators see what people see. *signin.Service is one.
type Impersonator interface {
	Impersonate(ctx context.Context, caller core.Principal, asked signin.Impersonation) (signin.Impersonated, error)
}

// ListTokens lists the caller's tokens.
func (h Handlers) ListTokens(ctx context.Context, request oapi.ListTokensRequestObject) (oapi.ListTokensResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	page, err := form.Page(request.Params.Limit, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	tokens, next, err := h.Tokens.List(ctx, who.Principal.UserID, page)
	return oapi.ListTokens200JSONResponse{Items: form.Each(tokens, personalToken), NextCursor: form.Next(next)}, err
}

// CreateToken makes a token of the caller's.
func (h Handlers) CreateToken(ctx context.Context, request oapi.CreateTokenRequestObject) (oapi.CreateTokenResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	token, text, err := h.Tokens.Create(ctx, who.Principal, apitoken.Draft{
		Name: request.Body.Name, Scopes: request.Body.Scopes, ExpiresIn: seconds(request.Body.ExpiresIn),
		ExpiresAt: request.Body.ExpiresAt,
	})
	return oapi.CreateToken201JSONResponse{Token: text.Reveal(), PersonalToken: personalToken(token)}, err
}

// RevokeToken revokes a token of the caller's.
func (h Handlers) RevokeToken(ctx context.Context, request oapi.RevokeTokenRequestObject) (oapi.RevokeTokenResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	return oapi.RevokeToken204Response{}, h.Tokens.Revoke(ctx, who.Principal, request.TokenID)
}

func personalToken(of apitoken.Token) oapi.PersonalToken {
	return oapi.PersonalToken{
		ID: of.ID, Name: of.Name, Hint: of.Hint, Scopes: form.List(of.Scopes), CreatedAt: of.CreatedAt,
		ExpiresAt: of.ExpiresAt, LastUsedAt: form.Time(of.LastUsedAt),
	}
}

// seconds reads a lifetime, which the contract holds to a number that a Duration has room for.
func seconds(count int64) time.Duration { return time.Duration(count) * time.Second }
