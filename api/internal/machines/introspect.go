package machines

import (
	"context"
	"strings"
	"time"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/signin"
)

// IntrospectToken tells a service account whether a token is good.
func (h Handlers) IntrospectToken(
	ctx context.Context, request oapi.IntrospectTokenRequestObject,
) (oapi.IntrospectTokenResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	told, err := h.Introspector.Introspect(ctx, who.Principal, &who.Rights, request.Body.Token)
	return oapi.IntrospectToken200JSONResponse(introspection(told)), err
}

// kinds are what the holders of tokens come by.
var kinds = map[core.Means]oapi.IntrospectionKind{
	core.BySession: oapi.IntrospectionKindAccessToken, core.ByImpersonation: oapi.IntrospectionKindAccessToken,
	core.ByToken: oapi.IntrospectionKindPersonalToken, core.ByService: oapi.IntrospectionKindServiceKey,
}

func introspection(of signin.Introspection) oapi.Introspection {
	if !of.Active {
		return oapi.Introspection{}
	}
	told := oapi.Introspection{
		Active: true, Kind: kinds[of.Means], Scope: strings.Join(of.Permissions, " "), Roles: of.Roles, ClientID: of.ClientID,
		Username: of.Username, TokenType: oapi.IntrospectionTokenTypeBearer, Exp: unix(of.ExpiresAt), Iat: unix(of.IssuedAt),
		Sub: of.Subject.String(), Aud: of.Audience, Iss: of.Issuer, Jti: of.ID.String(),
	}
	if !of.SessionID.IsZero() {
		told.Sid = of.SessionID.String()
	}
	if !of.Actor.IsZero() {
		told.Act = &struct {
			Sub string `json:"sub"`
		}{of.Actor.String()}
	}
	return told
}

// unix writes a NumericDate (RFC 7519 §2); zero, which is left out, for no time.
func unix(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Unix()
}

// ImpersonateUser gives an administrator a token in the place of a user.
func (h Handlers) ImpersonateUser(
	ctx context.Context, request oapi.ImpersonateUserRequestObject,
) (oapi.ImpersonateUserResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	made, err := h.Impersonator.Impersonate(ctx, who.Principal, signin.Impersonation{
		Target: request.ID, Reason: request.Body.Reason, For: time.Duration(request.Body.Minutes) * time.Minute,
	})
	return oapi.ImpersonateUser200JSONResponse{
		AccessToken: made.Access, TokenType: oapi.ImpersonatedTokenTypeBearer, User: form.User(made.User),
		ExpiresIn: int64((made.ExpiresIn + time.Second - 1) / time.Second),
	}, err
}
