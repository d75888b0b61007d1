package directory

import (
	"cmp"
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/verification"
)

// DefaultInvitationTTL is how long the link of an invitation is good unless the deployment says otherwise
// (INVITATION_TTL): three days outlast a weekend. It is a token of 256 bits that works once and lets a password be set,
// so that nothing which was mailed stays one (OWASP ASVS 5.0 6.4.1).
const DefaultInvitationTTL = 72 * time.Hour

// ResetLinkTTL is how long the link of a forced reset is good: nobody waits at their mailbox for it, and until it is
// used nobody gets in by the old password either. Later the person asks for another by themselves.
const ResetLinkTTL = 24 * time.Hour

// Config are the settings of the use cases.
type Config struct {
	// InvitationTTL is DefaultInvitationTTL when zero.
	InvitationTTL time.Duration
	// DeletionGrace is how long a deleted account can be brought back; account.DefaultDeletionGrace when zero.
	DeletionGrace time.Duration
}

// Sessions lists and ends the sessions of users. *session.Service is one.
type Sessions interface {
	account.SessionEnder
	List(ctx context.Context, user core.ID, page core.Page) (sessions []session.Session, next core.Position, err error)
	EndFor(ctx context.Context, user, id core.ID, reason session.EndReason) ([]core.Change, error)
}

// Factors demands second factors, and takes them away. *mfa.Service is one.
type Factors interface {
	Demand(ctx context.Context) (demand func(user *account.User, demanded bool), err error)
	RemoveAll(ctx context.Context, user account.User) (kinds []string, changes []core.Change, err error)
}

// Tries forgets failed tries. A lockout.Tries is one.
type Tries interface {
	Clear(ctx context.Context, counters ...lockout.Counters) error
}

// Tokens forgets the personal access tokens of an account. An apitoken.Tokens is one.
type Tokens interface {
	RemoveAll(ctx context.Context, user core.ID) error
}

// Deps are what a Service is made of. All are needed.
type Deps struct {
	Index       Index
	Users       account.Store
	Memberships access.Memberships
	Warden      *access.Warden
	Sessions    Sessions
	Devices     account.DeviceForgetter
	Tokens      Tokens
	Factors     Factors
	Tries       Tries
	Prover      *verification.Prover
	Post        mail.Post
	Trail       *audit.Trail
	Tx          core.Transactor
	Announcer   core.Announcer
	Clock       core.Clock
	IDs         *core.IDs
}

// Service is what administrators do with accounts. Safe for concurrent use.
type Service struct {
	deps   Deps
	config Config
}

// NewService makes the service.
func NewService(deps Deps, config Config) *Service {
	config.InvitationTTL = cmp.Or(config.InvitationTTL, DefaultInvitationTTL)
	config.DeletionGrace = cmp.Or(config.DeletionGrace, account.DefaultDeletionGrace)
	return &Service{deps: deps, config: config}
}
