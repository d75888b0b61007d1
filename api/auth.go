package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

// authHandlers answer the tag auth.
type authHandlers struct{ deps Deps }

// Register opens an account.
func (h authHandlers) Register(ctx context.Context, request oapi.RegisterRequestObject) (oapi.RegisterResponseObject, error) {
	registered, err := h.deps.Registrar.Register(ctx, signin.Registration{
		Email: request.Body.Email, Username: request.Body.Username, Password: request.Body.Password,
		Profile: account.Profile{
			Name: request.Body.Name, ImageURL: request.Body.ImageURL,
			Locale: request.Body.Locale, Phone: request.Body.Phone,
		},
	})
	switch {
	case err != nil:
		return nil, err
	case registered.SignedIn != nil:
		return h.deps.signedIn(http.StatusCreated, *registered.SignedIn), nil
	default:
		return oapi.Register202JSONResponse{VerificationStartedJSONResponse: encodeReceipt(*registered.Receipt)}, nil
	}
}

// VerifyEmail proves a mailbox by code or by link.
func (h authHandlers) VerifyEmail(ctx context.Context, request oapi.VerifyEmailRequestObject) (oapi.VerifyEmailResponseObject, error) {
	if link, err := request.Body.AsLinkRequest(); err == nil && link.Token != "" {
		if err := h.deps.Registrar.VerifyLink(ctx, link.Token); err != nil {
			return nil, err
		}
		return verified{Verified: true}, nil
	}
	proof, err := request.Body.AsCodeProof()
	if err != nil {
		return nil, core.Internal(err)
	}
	entry, err := h.deps.Registrar.VerifyCode(ctx, proof.VerificationID, proof.Code)
	if err != nil {
		return nil, err
	}
	return h.deps.entered(entry), nil
}

// verified answers a proof by link, with the other alternative of VerifyEmailResult. The generated reply would
// encode it twice.
type verified oapi.EmailVerified

// VisitVerifyEmailResponse writes the reply.
func (v verified) VisitVerifyEmailResponse(c *fiber.Ctx) error { return c.JSON(oapi.EmailVerified(v)) }

// ResendVerification sends a verification's code and link again.
func (h authHandlers) ResendVerification(
	ctx context.Context, request oapi.ResendVerificationRequestObject,
) (oapi.ResendVerificationResponseObject, error) {
	receipt, err := h.resend(ctx, request.Body)
	if err != nil {
		return nil, err
	}
	return oapi.ResendVerification202JSONResponse{VerificationStartedJSONResponse: encodeReceipt(receipt)}, nil
}

func (h authHandlers) resend(ctx context.Context, body *oapi.ResendVerificationRequest) (verification.Receipt, error) {
	if named, err := body.AsResendByIdentifier(); err == nil && named.Identifier != "" {
		return h.deps.Registrar.ResendTo(ctx, named.Identifier)
	}
	known, err := body.AsResendByVerification()
	if err != nil {
		return verification.Receipt{}, core.Internal(err)
	}
	return h.deps.Registrar.Resend(ctx, known.VerificationID)
}

// CheckAvailability tells whether a name is free.
func (h authHandlers) CheckAvailability(
	ctx context.Context, request oapi.CheckAvailabilityRequestObject,
) (oapi.CheckAvailabilityResponseObject, error) {
	var available bool
	var err error
	switch username, email := request.Params.Username, request.Params.Email; {
	case username != "" && email != "":
		err = core.InvalidField("email", core.CodeNotAllowed, "Ask for one name at a time.")
	case username != "":
		available, err = h.deps.Registrar.UsernameAvailable(ctx, username)
	case email != "":
		available, err = h.deps.Registrar.EmailAvailable(ctx, email)
	default:
		err = core.InvalidField("username", core.CodeRequired, "Say which name to look for.")
	}
	return oapi.CheckAvailability200JSONResponse{Available: available}, err
}

// Login signs in with a password.
func (h authHandlers) Login(ctx context.Context, request oapi.LoginRequestObject) (oapi.LoginResponseObject, error) {
	entry, err := h.deps.Doorman.Login(ctx, signin.Credentials{
		Identifier: request.Body.Identifier, Password: request.Body.Password, DeviceToken: deviceToken(ctx, request.Body.DeviceToken),
	})
	if err != nil {
		return nil, err
	}
	return h.deps.entered(entry), nil
}

// deviceToken gives what makes the client known: from the body, or else from the cookie of a browser.
func deviceToken(ctx context.Context, inBody string) string {
	return cmp.Or(inBody, visitFrom(ctx).jar.device.value)
}

// Refresh trades a refresh token for new tokens.
func (h authHandlers) Refresh(ctx context.Context, request oapi.RefreshRequestObject) (oapi.RefreshResponseObject, error) {
	presented, err := h.deps.refreshToken(ctx, tokenIn(request.Body))
	switch {
	case err != nil:
		return nil, err
	case presented == "":
		return nil, errNoCredentials
	}
	signedIn, err := h.deps.Doorman.Refresh(ctx, presented)
	return h.deps.signedIn(http.StatusOK, signedIn), err
}

// tokenIn gives the refresh token of a body that need not be there.
func tokenIn(body *oapi.RefreshRequest) string {
	if body == nil {
		return ""
	}
	return body.RefreshToken
}

// Logout ends the session that the access token names, or else the one of the refresh token.
func (h authHandlers) Logout(ctx context.Context, request oapi.LogoutRequestObject) (oapi.LogoutResponseObject, error) {
	if who, signedIn := caller.From(ctx); signedIn {
		return oapi.Logout204Response{}, h.deps.Doorman.Logout(ctx, who.Principal)
	}
	presented, err := h.deps.refreshToken(ctx, tokenIn((*oapi.RefreshRequest)(request.Body)))
	switch {
	case err != nil:
		return nil, err
	case presented == "":
		return nil, refusalFrom(ctx)
	}
	return oapi.Logout204Response{}, h.deps.Doorman.LogoutByRefresh(ctx, presented)
}

// GetKeySet gives the public keys of access tokens.
func (h authHandlers) GetKeySet(context.Context, oapi.GetKeySetRequestObject) (oapi.GetKeySetResponseObject, error) {
	return keySet(h.deps.Keys.KeySet()), nil
}

// keySet is a JWK set that is JSON already.
type keySet []byte

// VisitGetKeySetResponse writes the reply.
func (k keySet) VisitGetKeySetResponse(c *fiber.Ctx) error {
	c.Type("json")
	return c.Send(k)
}
