// Package signin is the ways in and out: registration and the proof of its mailbox, sign-in by password,
// refresh, proving again who one is, signing out, and the check that every request goes through.
package signin

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/verification"
)

// DefaultRegistrationTTL is how long a pending registration, and the link in its mail, is good unless the
// deployment says otherwise: people read their mail within a day.
const DefaultRegistrationTTL = 24 * time.Hour

// DefaultUnlockLinkTTL is how long the link of a lock's mail is good: as long as no second mail is sent.
const DefaultUnlockLinkTTL = lockout.NoticeEvery

// The factors that sign somebody in, as RFC 8176 amr names.
const (
	FactorPassword = account.FactorPassword
	FactorEmail    = account.FactorEmail
)

// Config are the settings of signing in.
type Config struct {
	// RequireVerification makes registration wait for the proof of the mailbox, and bars the sign-in of
	// accounts whose mailbox is not proven (REQUIRE_EMAIL_VERIFICATION).
	RequireVerification bool
	// HideAddresses refuses to tell whether an address has an account (ENUMERATION_PROTECTION).
	HideAddresses bool
	// RegistrationTTL is how long a pending registration and its link are good; DefaultRegistrationTTL when
	// zero (REGISTRATION_TTL).
	RegistrationTTL time.Duration
	// Lockout bounds how often passwords are guessed; lockout.DefaultTries and lockout.DefaultDuration where
	// zero (MAX_LOGIN_ATTEMPTS, LOCKOUT_DURATION).
	Lockout lockout.Rules
	// TellAttempts tells a refused sign-in how many tries are left (TELL_ATTEMPTS_LEFT).
	TellAttempts bool
	// UnlockLinkTTL is how long the link of a lock's mail is good; DefaultUnlockLinkTTL when zero
	// (UNLOCK_LINK_TTL).
	UnlockLinkTTL time.Duration
	// Impersonation bounds it.
	Impersonation ImpersonationConfig
}

// Deps are what a Service is made of. All are needed.
type Deps struct {
	Users         account.Store
	Registrations account.Registrations
	Desk          *verification.Desk
	Prover        *verification.Prover
	Hasher        credential.Hasher
	Policy        *credential.Policy
	Sessions      *session.Service
	Devices       *device.Service
	Factors       *mfa.Service
	Tries         lockout.Tries
	Subjects      *lockout.Subjects
	Trail         *audit.Trail
	References    *session.References
	Issuer        *token.Issuer
	Presented     *apitoken.Presented
	Warden        *access.Warden
	Verifier      Verifier
	Access        access.Lookup
	Post          mail.Post
	Tx            core.Transactor
	Announcer     core.Announcer
	Clock         core.Clock
	IDs           *core.IDs
	Origins       *origin.Reader
	Log           *slog.Logger
}

// Service is the ways in and out. Safe for concurrent use.
type Service struct {
	deps   Deps
	config Config
}

// NewService makes the service.
func NewService(deps Deps, config Config) *Service {
	config.RegistrationTTL = cmp.Or(config.RegistrationTTL, DefaultRegistrationTTL)
	config.Lockout.Tries = cmp.Or(config.Lockout.Tries, lockout.DefaultTries)
	config.Lockout.Duration = cmp.Or(config.Lockout.Duration, lockout.DefaultDuration)
	config.UnlockLinkTTL = cmp.Or(config.UnlockLinkTTL, DefaultUnlockLinkTTL)
	config.Impersonation.TTL = cmp.Or(config.Impersonation.TTL, DefaultImpersonationTTL)
	config.Impersonation.RecentWindow = cmp.Or(config.Impersonation.RecentWindow, account.DefaultRecentWindow)
	return &Service{deps: deps, config: config}
}

// Handlers are the handlers of the intakes that this service writes.
func (s *Service) Handlers() verification.Handlers {
	return verification.Handlers{
		kindRegister:     verification.HandlerFunc(s.resolveRegister),
		kindResend:       verification.HandlerFunc(s.resolveResend),
		kindResendTo:     verification.HandlerFunc(s.resolveResendTo),
		kindSecondFactor: verification.HandlerFunc(s.resolveSecondFactor),
		kindLock:         verification.HandlerFunc(s.resolveLock),
	}
}
