package account

import (
	"context"
	"fmt"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/verification"
)

// Config are the settings of the account's use cases.
type Config struct {
	// RecentWindow is how old the last proof of identity may be for an act that needs a recent one.
	RecentWindow time.Duration
	// DeletionGrace is how long a deleted account can be restored before it is purged.
	DeletionGrace time.Duration
}

// The defaults of Config.
const (
	// DefaultRecentWindow is long enough for one errand, and well below the hour of idleness after which
	// NIST SP 800-63B-4 §2.2.3 has a person at AAL2 prove again who they are.
	DefaultRecentWindow = 10 * time.Minute
	// DefaultDeletionGrace is the month within which people notice.
	DefaultDeletionGrace = 720 * time.Hour
	// UndoWindow is how long an email change can be taken back from the old address.
	UndoWindow = 7 * 24 * time.Hour
)

// Deps are what a Service is made of. All are needed.
type Deps struct {
	Users     Store
	Sessions  SessionEnder
	Devices   DeviceForgetter
	Tokens    TokenRemover
	Factors   FactorRemover
	Desk      *verification.Desk
	Prover    *verification.Prover
	Post      mail.Post
	Tx        core.Transactor
	Announcer core.Announcer
	Clock     core.Clock
	Origins   *origin.Reader
	Trail     *audit.Trail
}

// Service is what people do with their own account.
type Service struct {
	deps   Deps
	config Config
}

// NewService makes the service.
func NewService(deps Deps, config Config) *Service { return &Service{deps: deps, config: config} }

// Handlers are the handlers of the intakes that this service writes.
func (s *Service) Handlers() verification.Handlers {
	return verification.Handlers{kindEmailChange: verification.HandlerFunc(s.resolveEmailChange)}
}

// recent refuses a caller who has not proven lately who they are.
func (s *Service) recent(ctx context.Context, principal core.Principal) error {
	if principal.RequireRecent(s.deps.Clock.Now(), s.config.RecentWindow) == nil {
		return nil
	}
	user, err := s.deps.Users.Find(ctx, principal.UserID)
	if err != nil {
		return fmt.Errorf("find user: %w", err)
	}
	return core.Unproven(user.Ways()...)
}

// guarded gives the caller's account where they may change what guards it, see User.RequireStrongProof.
func (s *Service) guarded(ctx context.Context, principal core.Principal) (User, error) {
	user, err := s.deps.Users.Find(ctx, principal.UserID)
	if err != nil {
		return User{}, fmt.Errorf("find user: %w", err)
	}
	return user, user.RequireStrongProof(principal, s.deps.Clock.Now(), s.config.RecentWindow)
}
