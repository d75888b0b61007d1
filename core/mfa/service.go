package mfa

import (
	"context"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/verification"
)

// DefaultGrace is how long somebody who must have a second factor may do without after the first sign-in under that
// rule, unless the deployment says otherwise (SECOND_FACTOR_GRACE): two weeks outlast most holidays.
const DefaultGrace = 336 * time.Hour

// Config are the settings of second factors.
type Config struct {
	// Issuer is what authenticator apps show above a code: the name of the product.
	Issuer string
	// RefuseEmail switches codes by email off (EMAIL_SECOND_FACTOR): none is enrolled, asked for or sent, and those
	// that are enrolled satisfy nothing.
	RefuseEmail bool
	// RequireAll demands a second factor of everybody (REQUIRE_SECOND_FACTOR); one account can be asked for it by
	// account.Protection.Required.
	RequireAll bool
	// Grace is how long somebody who must have one may do without (SECOND_FACTOR_GRACE). Zero means none.
	Grace time.Duration
	// RecentWindow is how old the last proof of identity may be for a change of factors.
	RecentWindow time.Duration
}

// Deps are what a Service is made of. All are needed.
type Deps struct {
	Factors   Store
	Codes     RecoveryCodes
	Users     account.Store
	Sessions  account.SessionEnder
	Roles     Roles
	Prover    *verification.Prover
	Ring      *secret.Ring
	Painter   Painter
	Post      mail.Post
	Trail     *audit.Trail
	Tx        core.Transactor
	Announcer core.Announcer
	Clock     core.Clock
	IDs       *core.IDs
	Origins   *origin.Reader
}

// Service is what people do with their second factors. Safe for concurrent use.
type Service struct {
	deps   Deps
	config Config
}

// NewService makes the service.
func NewService(deps Deps, config Config) *Service { return &Service{deps: deps, config: config} }

// ErrFactorExists is the answer to a second enrolment of what an account can have once.
var ErrFactorExists = core.NewError(core.KindConflict, core.CodeFactorExists, "This second factor is enrolled already.")

// ErrTooMany is the answer to an enrolment beyond MaxFactors.
var ErrTooMany = core.NewError(core.KindConflict, core.CodeConflict, "An account has ten second factors at the most.")

// ErrRequired keeps somebody who must have a second factor from removing the last one.
var ErrRequired = core.NewError(core.KindConflict, core.CodeSecondFactorRequired,
	"A second factor is required of this account. Enrol another one before you remove the last.")

// ErrEmailOff is the answer to an enrolment of codes by email where they are switched off.
var ErrEmailOff = core.NewError(core.KindForbidden, core.CodeForbidden, "Codes by email are no second factor here.")

// ErrUnproven is the answer to an enrolment of a mailbox that was never proven.
var ErrUnproven = core.NewError(core.KindForbidden, core.CodeEmailUnverified, "Please confirm your email address first.")

// List is the factors of an account. Pending ones are left out.
type List struct {
	Factors []Factor
	// RecoveryCodesLeft is how many recovery codes have not been used.
	RecoveryCodesLeft int
}

// Factors lists the caller's confirmed factors, oldest first. It wants a recent sign-in: core.CodeReauthentication.
func (s *Service) Factors(ctx context.Context, principal core.Principal) (List, error) {
	user, err := s.deps.Users.Find(ctx, principal.UserID)
	if err != nil {
		return List{}, err
	}
	if err = user.RequireProof(principal, s.deps.Clock.Now(), s.config.RecentWindow); err != nil {
		return List{}, err
	}
	factors, err := s.confirmed(ctx, user.ID)
	if err != nil {
		return List{}, err
	}
	codes, err := s.deps.Codes.List(ctx, user.ID)
	return List{Factors: factors, RecoveryCodesLeft: len(codes)}, err
}

func (s *Service) confirmed(ctx context.Context, user core.ID) ([]Factor, error) {
	factors, err := s.deps.Factors.List(ctx, user)
	return slices.DeleteFunc(factors, func(factor Factor) bool { return factor.ConfirmedAt.IsZero() }), err
}

// guarded gives the caller's account where they may change its factors: after a recent proof of identity, which
// included a strong second factor where there is one.
func (s *Service) guarded(ctx context.Context, principal core.Principal) (account.User, error) {
	user, err := s.deps.Users.Find(ctx, principal.UserID)
	if err != nil {
		return account.User{}, err
	}
	return user, user.RequireStrongProof(principal, s.deps.Clock.Now(), s.config.RecentWindow)
}

// change makes a change of the caller's factors, in ctx's transaction: the account is written first, so that whoever
// locks its row goes on alone, and judged as it is then.
func (s *Service) change(
	ctx context.Context, principal core.Principal, alter func(user *account.User),
) (account.User, core.Change, error) {
	return account.Edit(ctx, s.deps.Users, principal.UserID, func(user *account.User) error {
		now := s.deps.Clock.Now()
		if user.Status != account.StatusActive {
			return core.ErrConflict
		}
		if err := user.RequireStrongProof(principal, now, s.config.RecentWindow); err != nil {
			return err
		}
		user.UpdatedAt = now
		alter(user)
		return nil
	})
}

// tell writes the act down and to its owner.
func (s *Service) tell(
	ctx context.Context, principal core.Principal, user account.User, action audit.Action, letter mail.Letter,
) error {
	event := audit.Event{
		Action: action, Actor: principal.UserID, Subject: user.ID, SessionID: principal.SessionID,
	}
	if letter.Factor != "" {
		event.Metadata = map[string]string{"factor": letter.Factor}
	}
	if err := s.deps.Trail.Record(ctx, event); err != nil {
		return err
	}
	return s.deps.Post.Post(ctx, letter)
}

func (s *Service) letter(ctx context.Context, kind mail.Kind, user account.User) mail.Letter {
	return account.NewLetter(kind, user, s.deps.Origins.Of(ctx), s.deps.Clock.Now())
}
