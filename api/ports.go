package api

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

// Authenticator knows access tokens. *signin.Service is one.
type Authenticator interface {
	// Authenticate gives the caller that a raw access token stands for, and what is known of them now.
	// KindUnauthenticated when the token is not good or its session has ended; any other kind means that
	// this could not be found out.
	Authenticate(ctx context.Context, accessToken string) (signin.Authenticated, error)
}

// Registrar opens accounts and proves mailboxes. *signin.Service is one.
type Registrar interface {
	Register(ctx context.Context, registration signin.Registration) (signin.Registered, error)
	Resend(ctx context.Context, id core.ID) (verification.Receipt, error)
	ResendTo(ctx context.Context, identifier string) (verification.Receipt, error)
	VerifyCode(ctx context.Context, id core.ID, code string) (signin.Entry, error)
	VerifyLink(ctx context.Context, token string) error
	UsernameAvailable(ctx context.Context, username string) (bool, error)
	EmailAvailable(ctx context.Context, email string) (bool, error)
}

// Doorman lets people in and out. *signin.Service is one.
type Doorman interface {
	Login(ctx context.Context, with signin.Credentials) (signin.Entry, error)
	Refresh(ctx context.Context, refreshToken string) (signin.SignedIn, error)
	Reauthenticate(ctx context.Context, principal core.Principal, with signin.Confirmation) (signin.SignedIn, error)
	Logout(ctx context.Context, principal core.Principal) error
	LogoutByRefresh(ctx context.Context, refreshToken string) error
}

// SecondSteps finishes sign-ins that want a second factor. *signin.Service is one.
type SecondSteps interface {
	SendSecondFactor(ctx context.Context, challenge core.ID, factor mfa.Kind) error
	VerifySecondFactor(ctx context.Context, step signin.SecondStep) (signin.SignedIn, error)
}

// Factors is what people do with their second factors. *mfa.Service is one.
type Factors interface {
	Factors(ctx context.Context, principal core.Principal) (mfa.List, error)
	BeginTOTP(ctx context.Context, principal core.Principal, label string) (mfa.Enrolment, error)
	ConfirmTOTP(ctx context.Context, principal core.Principal, id core.ID, code string) (mfa.Enrolled, error)
	BeginEmail(ctx context.Context, principal core.Principal) (verification.Receipt, error)
	ConfirmEmail(ctx context.Context, principal core.Principal, id core.ID, code string) (mfa.Enrolled, error)
	Remove(ctx context.Context, principal core.Principal, id core.ID) error
	MakeRecoveryCodes(ctx context.Context, principal core.Principal) ([]string, error)
}

// Passwords forgets, resets and changes them. *credential.Service is one.
type Passwords interface {
	Forgot(ctx context.Context, identifier string) (verification.Receipt, error)
	CheckReset(ctx context.Context, token string) error
	Reset(ctx context.Context, request credential.ResetRequest) error
	Change(ctx context.Context, principal core.Principal, current, fresh string) error
}

// Appraiser tells how good a password would be. *credential.Appraiser is one.
type Appraiser interface {
	Appraise(ctx context.Context, password string, known ...string) (credential.Appraisal, error)
}

// Accounts is what people do with their own account. *account.Service is one.
type Accounts interface {
	UpdateProfile(ctx context.Context, principal core.Principal, change account.ProfileChange) (account.User, error)
	RequestEmailChange(ctx context.Context, principal core.Principal, email string) (verification.Receipt, error)
	ConfirmEmailChange(ctx context.Context, principal core.Principal, id core.ID, code string) (account.User, error)
	UndoEmailChange(ctx context.Context, token string) error
	Deactivate(ctx context.Context, principal core.Principal) error
	Delete(ctx context.Context, principal core.Principal) (account.User, error)
	Restore(ctx context.Context, token string) error
}

// Settings changes what a person has chosen. *account.Service is one.
type Settings interface {
	UpdateSettings(ctx context.Context, principal core.Principal, change account.SettingsChange) (account.User, error)
}

// Sessions lists and ends the sessions of a person. *session.Service is one.
type Sessions interface {
	List(ctx context.Context, user core.ID, page core.Page) (sessions []session.Session, next core.Position, err error)
	End(ctx context.Context, caller core.Principal, id core.ID) error
	EndOthers(ctx context.Context, caller core.Principal) (int, error)
}

// Devices lists and forgets the known devices of a person. *device.Service is one.
type Devices interface {
	List(ctx context.Context, user core.ID, page core.Page) (devices []device.Device, next core.Position, err error)
	Forget(ctx context.Context, caller core.Principal, id core.ID) error
	ForgetAll(ctx context.Context, caller core.Principal) error
}

// Audit is what happened. *audit.Trail is one.
type Audit interface {
	Search(ctx context.Context, query audit.Query, page core.Page) (events []audit.Event, next core.Position, err error)
	// Note writes the event of a refusal; what keeps it from that is told to the operator.
	Note(ctx context.Context, event audit.Event)
}

// Unlocker gets clients past a lock. *signin.Service is one.
type Unlocker interface {
	Unlock(ctx context.Context, token string) (signin.Unlocked, error)
}

// Bindings ties what pages hold to sessions. *session.Bindings is one.
type Bindings interface {
	// Bind gives the CSRF token of a session.
	Bind(session core.ID) string
	// Bound reports whether a CSRF token is that of the session, in a time that tells nothing of a wrong one.
	Bound(token string, session core.ID) bool
	// SessionOf gives the session that a refresh token names, without using the token up. Any error means that
	// the token is not genuine.
	SessionOf(refreshToken string) (core.ID, error)
}

// Keys gives the public keys of access tokens. token.Signer is one.
type Keys interface {
	// KeySet is the JWK set as JSON.
	KeySet() []byte
}

// Mailbox shows what the development mailbox caught. *mail.DevBox is one.
type Mailbox interface {
	List(ctx context.Context, to string, kind mail.Kind, limit int) ([]mail.Message, error)
	Empty(ctx context.Context) error
}
