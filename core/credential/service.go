package credential

import (
	"cmp"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/verification"
)

// DefaultResetLinkTTL is how long the link of a reset mail is good unless the deployment says otherwise. It
// outlives the code of the same mail, for people whose mail is slow, and is a token of 256 bits, so that
// guessing does not matter (OWASP Forgot Password Cheat Sheet: single use and short-lived).
const DefaultResetLinkTTL = 30 * time.Minute

// Config are the settings of the use cases.
type Config struct {
	// ResetLinkTTL is how long the link of a reset mail is good; DefaultResetLinkTTL when zero (RESET_LINK_TTL).
	ResetLinkTTL time.Duration
	// Lockout bounds how often the current password is guessed in a session, as in signin.Config.
	Lockout lockout.Rules
}

// Deps are what a Service is made of. All are needed.
type Deps struct {
	Users     account.Store
	Sessions  account.SessionEnder
	Devices   account.DeviceForgetter
	Tokens    account.TokenRemover
	Tries     Tries
	Subjects  *lockout.Subjects
	Hasher    Hasher
	Policy    *Policy
	Desk      *verification.Desk
	Prover    *verification.Prover
	Post      mail.Post
	Tx        core.Transactor
	Announcer core.Announcer
	Clock     core.Clock
	Origins   *origin.Reader
	Trail     *audit.Trail
}

// Service is forgetting, resetting and changing a password.
type Service struct {
	deps   Deps
	config Config
}

// NewService makes the service.
func NewService(deps Deps, config Config) *Service {
	config.ResetLinkTTL = cmp.Or(config.ResetLinkTTL, DefaultResetLinkTTL)
	config.Lockout.Tries = cmp.Or(config.Lockout.Tries, lockout.DefaultTries)
	config.Lockout.Duration = cmp.Or(config.Lockout.Duration, lockout.DefaultDuration)
	return &Service{deps: deps, config: config}
}

// Handlers are the handlers of the intakes that this service writes.
func (s *Service) Handlers() verification.Handlers {
	return verification.Handlers{kindForgot: verification.HandlerFunc(s.resolveForgot)}
}
