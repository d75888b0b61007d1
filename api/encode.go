package api

import (
	"time"

	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

// encodeMe tells of the caller; user may be fresher than what admitted them.
func encodeMe(caller signin.Authenticated, user account.User) *meReply {
	return &meReply{
		user: form.User(user), session: form.Session(caller.Session, caller.Session.ID),
		sessionless: caller.Principal.Means != core.BySession, impersonatedBy: caller.Principal.Actor,
		enrolBy: form.Time(caller.EnrolBy),
	}
}

func encodeSignedIn(signedIn signin.SignedIn) oapi.SignedIn {
	return oapi.SignedIn{
		User:    form.User(signedIn.User),
		Session: form.Session(signedIn.Session, signedIn.Session.ID),
		Tokens: oapi.Tokens{
			AccessToken: signedIn.Tokens.Access, RefreshToken: signedIn.Tokens.Refresh, TokenType: oapi.TokensTokenTypeBearer,
			ExpiresIn:        wholeSeconds(signedIn.Tokens.ExpiresIn),
			RefreshExpiresIn: wholeSeconds(signedIn.Tokens.RefreshExpiresIn),
		},
		DeviceToken: signedIn.DeviceToken, EnrolBy: form.Time(signedIn.EnrolBy),
	}
}

func encodeReceipt(receipt verification.Receipt) oapi.VerificationStartedJSONResponse {
	return oapi.VerificationStartedJSONResponse{Verification: oapi.Verification{
		ID: receipt.ID, Channel: oapi.VerificationChannel(receipt.Channel), ExpiresAt: receipt.ExpiresAt,
	}}
}

// wholeSeconds rounds up: an access token's times are cut to whole seconds, so a lifetime of 15 minutes has a
// fraction less left when it is told, and is said as 900.
func wholeSeconds(left time.Duration) int64 { return int64((left + time.Second - 1) / time.Second) }
