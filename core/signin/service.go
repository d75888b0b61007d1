// Package signin is the ways in and out: registration and the proof of its mailbox, sign-in by password,
// refresh, proving again who one is, signing out, and the check that every request goes through.
package signin

import (
	"log/slog"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/verification"
)

// RegistrationTTL is how long a pending registration, and the link in its mail, is good: people read
// their mail within a day.
const RegistrationTTL = 24 * time.Hour

// Config are the settings of signing in.
type Config struct {
	// RequireVerification makes registration wait for the proof of the mailbox, and bars the sign-in of
	// accounts whose mailbox is not proven.
	RequireVerification bool
	// HideAddresses refuses to tell whether an address has an account (ENUMERATION_PROTECTION).
	HideAddresses bool
}

// Deps are what a Service is made of. All are needed.
type Deps struct {
	Users         account.Store
	Registrations account.Registrations
	Flows         verification.Flows
	Desk          *verification.Desk
	Prover        *verification.Prover
	Hasher        credential.Hasher
	Policy        credential.Checker
	Sessions      Sessions
	Lookup        session.Lookup
	Access        AccessTokens
	Refresh       RefreshTokens
	Verifier      Verifier
	Post          mail.Post
	Tx            core.Transactor
	Announcer     core.Announcer
	Clock         core.Clock
	IDs           *core.IDs
	Devices       account.DeviceNames
	Log           *slog.Logger
}

// Service is the ways in and out.
type Service struct {
	deps   Deps
	config Config
}

// NewService makes the service.
func NewService(deps Deps, config Config) *Service { return &Service{deps: deps, config: config} }

// Tokens are what a client holds of a session.
type Tokens struct {
	Access  string
	Refresh string
	// ExpiresIn and RefreshExpiresIn are how long the tokens are good from now.
	ExpiresIn        time.Duration
	RefreshExpiresIn time.Duration
}

// SignedIn is the answer to everybody who gets in.
type SignedIn struct {
	User    account.User
	Session session.Session
	Tokens  Tokens
}

// Authenticated is a caller with a good access token, and what is known of them at this moment.
type Authenticated struct {
	Principal core.Principal
	User      account.User
	Session   session.Session
}

// Handlers are the handlers of the intakes that this service writes.
func (s *Service) Handlers() verification.Handlers {
	return verification.Handlers{
		kindRegister: verification.HandlerFunc(s.resolveRegister),
		kindResend:   verification.HandlerFunc(s.resolveResend),
	}
}
