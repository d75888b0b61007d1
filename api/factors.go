package api

import (
	"context"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/signin"
)

// SendSecondFactor has a code sent for a challenge.
func (h authHandlers) SendSecondFactor(
	ctx context.Context, request oapi.SendSecondFactorRequestObject,
) (oapi.SendSecondFactorResponseObject, error) {
	err := h.deps.SecondSteps.SendSecondFactor(ctx, request.Body.ChallengeID, mfa.Kind(request.Body.Factor))
	return oapi.SendSecondFactor202JSONResponse(*request.Body), err
}

// VerifySecondFactor finishes a sign-in.
func (h authHandlers) VerifySecondFactor(
	ctx context.Context, request oapi.VerifySecondFactorRequestObject,
) (oapi.VerifySecondFactorResponseObject, error) {
	signedIn, err := h.deps.SecondSteps.VerifySecondFactor(ctx, signin.SecondStep{
		Challenge: request.Body.ChallengeID, Factor: mfa.Kind(request.Body.Factor), Code: request.Body.Code,
		Trust: request.Body.TrustDevice,
	})
	return h.deps.signedIn(http.StatusOK, signedIn), err
}

// VisitVerifySecondFactorResponse writes the reply.
func (r signedInReply) VisitVerifySecondFactorResponse(c *fiber.Ctx) error { return r.send(c) }

// entryReply answers a first factor: with tokens, or with what else is wanted.
type entryReply interface {
	oapi.LoginResponseObject
	oapi.VerifyEmailResponseObject
}

func (d Deps) entered(entry signin.Entry) entryReply {
	if entry.Challenge != nil {
		return challengeReply{encodeChallenge(*entry.Challenge)}
	}
	return d.signedIn(http.StatusOK, *entry.SignedIn)
}

// challengeReply says that a second factor is wanted.
type challengeReply struct{ body oapi.Challenged }

// VisitLoginResponse writes the reply.
func (r challengeReply) VisitLoginResponse(c *fiber.Ctx) error { return r.send(c) }

// VisitVerifyEmailResponse writes the reply.
func (r challengeReply) VisitVerifyEmailResponse(c *fiber.Ctx) error { return r.send(c) }

func (r challengeReply) send(c *fiber.Ctx) error { return c.Status(http.StatusAccepted).JSON(r.body) }

func encodeChallenge(challenge signin.Challenge) oapi.Challenged {
	factors := make([]oapi.FactorKind, 0, len(challenge.Factors))
	for _, kind := range challenge.Factors {
		factors = append(factors, oapi.FactorKind(kind))
	}
	return oapi.Challenged{Challenge: oapi.Challenge{ID: challenge.ID, ExpiresAt: challenge.ExpiresAt, Factors: factors}}
}

// ListFactors lists the caller's second factors.
func (h meHandlers) ListFactors(ctx context.Context, _ oapi.ListFactorsRequestObject) (oapi.ListFactorsResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	held, err := h.deps.Factors.Factors(ctx, who.Principal)
	list := oapi.FactorList{Items: make([]oapi.Factor, 0, len(held.Factors)), RecoveryCodesLeft: held.RecoveryCodesLeft}
	for _, each := range held.Factors {
		list.Items = append(list.Items, encodeFactor(each))
	}
	return oapi.ListFactors200JSONResponse(list), err
}

func encodeFactor(factor mfa.Factor) oapi.Factor {
	return oapi.Factor{
		ID: factor.ID, Kind: oapi.FactorKind(factor.Kind), Label: factor.Label,
		Strength: oapi.FactorStrength(factor.Kind.Strength()), CreatedAt: factor.CreatedAt, LastUsedAt: factor.LastUsedAt,
	}
}

func encodeEnrolled(enrolled mfa.Enrolled) oapi.FactorEnrolledJSONResponse {
	return oapi.FactorEnrolledJSONResponse{
		Factor: encodeFactor(enrolled.Factor), RecoveryCodes: enrolled.RecoveryCodes,
	}
}

// EnrolTOTP begins with an authenticator app.
func (h meHandlers) EnrolTOTP(ctx context.Context, request oapi.EnrolTOTPRequestObject) (oapi.EnrolTOTPResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	begun, err := h.deps.Factors.BeginTOTP(ctx, who.Principal, request.Body.Label)
	return oapi.EnrolTOTP200JSONResponse{
		ID: begun.ID, Secret: begun.Secret, OtpauthURI: begun.URI, QrPng: begun.PNG, QrSvg: begun.SVG,
		ExpiresAt: begun.ExpiresAt,
	}, err
}

// VerifyTOTP finishes with an authenticator app.
func (h meHandlers) VerifyTOTP(
	ctx context.Context, request oapi.VerifyTOTPRequestObject,
) (oapi.VerifyTOTPResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	enrolled, err := h.deps.Factors.ConfirmTOTP(ctx, who.Principal, request.Body.ID, request.Body.Code)
	return oapi.VerifyTOTP200JSONResponse{FactorEnrolledJSONResponse: encodeEnrolled(enrolled)}, err
}

// EnrolEmailFactor begins with codes by email.
func (h meHandlers) EnrolEmailFactor(
	ctx context.Context, _ oapi.EnrolEmailFactorRequestObject,
) (oapi.EnrolEmailFactorResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	receipt, err := h.deps.Factors.BeginEmail(ctx, who.Principal)
	return oapi.EnrolEmailFactor202JSONResponse{VerificationStartedJSONResponse: encodeReceipt(receipt)}, err
}

// VerifyEmailFactor finishes with codes by email.
func (h meHandlers) VerifyEmailFactor(
	ctx context.Context, request oapi.VerifyEmailFactorRequestObject,
) (oapi.VerifyEmailFactorResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	enrolled, err := h.deps.Factors.ConfirmEmail(ctx, who.Principal, request.Body.VerificationID, request.Body.Code)
	return oapi.VerifyEmailFactor200JSONResponse{FactorEnrolledJSONResponse: encodeEnrolled(enrolled)}, err
}

// RemoveFactor removes a second factor.
func (h meHandlers) RemoveFactor(
	ctx context.Context, request oapi.RemoveFactorRequestObject,
) (oapi.RemoveFactorResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	return oapi.RemoveFactor204Response{}, h.deps.Factors.Remove(ctx, who.Principal, request.ID)
}

// MakeRecoveryCodes makes new recovery codes.
func (h meHandlers) MakeRecoveryCodes(
	ctx context.Context, _ oapi.MakeRecoveryCodesRequestObject,
) (oapi.MakeRecoveryCodesResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	codes, err := h.deps.Factors.MakeRecoveryCodes(ctx, who.Principal)
	return oapi.MakeRecoveryCodes200JSONResponse{RecoveryCodes: form.List(codes)}, err
}
