package api

import (
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

func encodeUser(user account.User) oapi.User {
	return oapi.User{
		ID: user.ID, Email: user.Email, EmailVerified: user.EmailVerified, Username: optional(user.Username),
		Name: user.Profile.Name, Bio: optional(user.Profile.Bio), ImageURL: optional(user.Profile.ImageURL),
		Locale: optional(user.Profile.Locale), Phone: optional(user.Profile.Phone),
		Status: oapi.UserStatus(user.Status), Roles: list(user.Roles),
		CreatedAt: user.CreatedAt, UpdatedAt: user.UpdatedAt,
	}
}

func encodeSession(held session.Session, current core.ID) oapi.Session {
	return oapi.Session{
		ID: held.ID, Current: held.ID == current, Device: held.Device.Kind, Browser: held.Device.Browser,
		Os: held.Device.OS, IP: held.Device.IP, Location: optional(held.Device.Location),
		Factors: list(held.Factors), CreatedAt: held.CreatedAt, LastUsedAt: held.LastUsedAt,
		AuthTime: held.AuthTime, ExpiresAt: held.ExpiresAt, IdleExpiresAt: held.IdleExpiresAt,
	}
}

// encodeMe tells of the caller; user may be fresher than what admitted them.
func encodeMe(caller signin.Authenticated, user account.User) meReply {
	return meReply{
		User: encodeUser(user), Session: encodeSession(caller.Session, caller.Session.ID), EnrolBy: deadline(caller.EnrolBy),
	}
}

func encodeSignedIn(signedIn signin.SignedIn) oapi.SignedIn {
	return oapi.SignedIn{
		User:    encodeUser(signedIn.User),
		Session: encodeSession(signedIn.Session, signedIn.Session.ID),
		Tokens: oapi.Tokens{
			AccessToken: signedIn.Tokens.Access, RefreshToken: signedIn.Tokens.Refresh, TokenType: oapi.TokensTokenTypeBearer,
			ExpiresIn:        wholeSeconds(signedIn.Tokens.ExpiresIn),
			RefreshExpiresIn: wholeSeconds(signedIn.Tokens.RefreshExpiresIn),
		},
		DeviceToken: signedIn.DeviceToken, EnrolBy: deadline(signedIn.EnrolBy),
	}
}

func encodeReceipt(receipt verification.Receipt) oapi.VerificationStartedJSONResponse {
	return oapi.VerificationStartedJSONResponse{Verification: oapi.Verification{
		ID: receipt.ID, Channel: oapi.VerificationChannel(receipt.Channel), ExpiresAt: receipt.ExpiresAt,
	}}
}

func encodeNext(next core.Position) nullable.Nullable[string] {
	if next.IsZero() {
		return null
	}
	return nullable.NewNullableWithValue(encodeCursor(next))
}

// wholeSeconds rounds up: an access token's times are cut to whole seconds, so a lifetime of 15 minutes has a
// fraction less left when it is told, and is said as 900.
func wholeSeconds(left time.Duration) int64 { return int64((left + time.Second - 1) / time.Second) }

// null and noTime are the nulls of every reply. They are maps inside, and only read.
var (
	null   = nullable.NewNullNullable[string]()
	noTime = nullable.NewNullNullable[time.Time]()
)

// optional writes the empty text as null.
func optional(text string) nullable.Nullable[string] {
	if text == "" {
		return null
	}
	return nullable.NewNullableWithValue(text)
}

// deadline writes the zero time as null.
func deadline(at time.Time) nullable.Nullable[time.Time] {
	if at.IsZero() {
		return noTime
	}
	return nullable.NewNullableWithValue(at)
}

// list writes a missing list as an empty one, never as null.
func list(items []string) []string {
	if items == nil {
		return []string{}
	}
	return items
}
