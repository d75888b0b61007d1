package client

// The generated From methods cannot fail for the types they take: each writes a struct of texts as JSON.
// Hence the constructors below give no error.

// ByCode proves a mailbox by the code of a mail and the id of its verification.
func ByCode(verificationID, code string) (body VerifyEmailRequest) {
	_ = body.FromCodeProof(CodeProof{VerificationID: verificationID, Code: code})
	return body
}

// ByLink proves a mailbox by the token of a mail's link.
func ByLink(token string) (body VerifyEmailRequest) {
	_ = body.FromLinkRequest(LinkRequest{Token: token})
	return body
}

// ResendTo asks for a verification mail for an identifier.
func ResendTo(identifier string) (body ResendVerificationRequest) {
	_ = body.FromResendByIdentifier(ResendByIdentifier{Identifier: identifier})
	return body
}

// ResendOf asks for the mail of a verification again.
func ResendOf(verificationID string) (body ResendVerificationRequest) {
	_ = body.FromResendByVerification(ResendByVerification{VerificationID: verificationID})
	return body
}

// ResetWithLink sets a new password by the token of a mail's link.
func ResetWithLink(token, newPassword string) (body ResetPasswordRequest) {
	_ = body.FromResetByLink(ResetByLink{Token: token, NewPassword: newPassword})
	return body
}

// ResetWithCode sets a new password by the code of a mail and the id of its verification.
func ResetWithCode(verificationID, code, newPassword string) (body ResetPasswordRequest) {
	_ = body.FromResetByCode(ResetByCode{VerificationID: verificationID, Code: code, NewPassword: newPassword})
	return body
}
