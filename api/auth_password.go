package api

import (
	"context"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/credential"
)

// ForgotPassword begins a reset.
func (h authHandlers) ForgotPassword(
	ctx context.Context, request oapi.ForgotPasswordRequestObject,
) (oapi.ForgotPasswordResponseObject, error) {
	receipt, err := h.deps.Passwords.Forgot(ctx, request.Body.Identifier)
	return oapi.ForgotPassword202JSONResponse{VerificationStartedJSONResponse: encodeReceipt(receipt)}, err
}

// CheckPasswordReset tells whether a reset link is good.
func (h authHandlers) CheckPasswordReset(
	ctx context.Context, request oapi.CheckPasswordResetRequestObject,
) (oapi.CheckPasswordResetResponseObject, error) {
	return oapi.CheckPasswordReset204Response{}, h.deps.Passwords.CheckReset(ctx, request.Token)
}

// ResetPassword sets a new password by link or by code.
func (h authHandlers) ResetPassword(
	ctx context.Context, request oapi.ResetPasswordRequestObject,
) (oapi.ResetPasswordResponseObject, error) {
	reset, err := decodeReset(request.Body)
	if err != nil {
		return nil, err
	}
	return oapi.ResetPassword204Response{}, h.deps.Passwords.Reset(ctx, reset)
}

func decodeReset(body *oapi.ResetPasswordRequest) (credential.ResetRequest, error) {
	if link, err := body.AsResetByLink(); err == nil && link.Token != "" {
		return credential.ResetRequest{Token: link.Token, NewPassword: link.NewPassword}, nil
	}
	code, err := body.AsResetByCode()
	if err != nil {
		return credential.ResetRequest{}, core.Internal(err)
	}
	return credential.ResetRequest{
		VerificationID: code.VerificationID, Code: code.Code, NewPassword: code.NewPassword,
	}, nil
}

// ChangePassword replaces the caller's password.
func (h authHandlers) ChangePassword(
	ctx context.Context, request oapi.ChangePasswordRequestObject,
) (oapi.ChangePasswordResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	err = h.deps.Passwords.Change(ctx, who.Principal, request.Body.CurrentPassword, request.Body.NewPassword)
	return oapi.ChangePassword204Response{}, err
}

// UndoEmailChange takes a change of address back.
func (h authHandlers) UndoEmailChange(
	ctx context.Context, request oapi.UndoEmailChangeRequestObject,
) (oapi.UndoEmailChangeResponseObject, error) {
	return oapi.UndoEmailChange204Response{}, h.deps.Accounts.UndoEmailChange(ctx, request.Body.Token)
}

// RestoreAccount brings a deleted account back.
func (h authHandlers) RestoreAccount(
	ctx context.Context, request oapi.RestoreAccountRequestObject,
) (oapi.RestoreAccountResponseObject, error) {
	return oapi.RestoreAccount204Response{}, h.deps.Accounts.Restore(ctx, request.Body.Token)
}
