package signin

import (
	"context"
	"fmt"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/verification"
)

// Registration is what somebody registers with. Username and the profile's fields but Name may be empty.
type Registration struct {
	Email    string
	Username string
	Password string
	Profile  account.Profile
}

// Registered is the answer to a registration: a Receipt where the mailbox must be proven, else SignedIn.
type Registered struct {
	Receipt  *verification.Receipt
	SignedIn *SignedIn
}

// Register asks for an account. Where the mailbox must be proven the answer and the work are the same
// whether the address has an account or not: one hash and one intake. Errors: KindInvalid with every field
// that breaks a rule; account.ErrUsernameTaken, which is found first and says nothing of the address; only
// without verification account.ErrEmailTaken; and those of credential.Hasher.
func (s *Service) Register(ctx context.Context, registration Registration) (Registered, error) {
	pending, err := s.examine(ctx, registration)
	if err != nil {
		return Registered{}, err
	}
	if pending.UsernameKey != "" {
		if err = s.free(ctx, pending.UsernameKey); err != nil {
			return Registered{}, err
		}
	}
	if pending.Password, err = credential.Hash(ctx, s.deps.Hasher, registration.Password); err != nil {
		return Registered{}, err
	}
	if s.config.RequireVerification {
		return s.await(ctx, pending)
	}
	return s.openAtOnce(ctx, pending)
}

func (s *Service) free(ctx context.Context, usernameKey string) error {
	taken, err := s.deps.Users.UsernameTaken(ctx, usernameKey)
	if err != nil {
		return fmt.Errorf("look username up: %w", err)
	}
	if taken {
		return account.ErrUsernameTaken
	}
	return nil
}

// await writes the intake that a worker resolves.
func (s *Service) await(ctx context.Context, pending account.Registration) (Registered, error) {
	receipt, err := s.deps.Desk.Submit(ctx, kindRegister, sealed(pending, core.ClientFrom(ctx)))
	return Registered{Receipt: &receipt}, err
}

// examine brings everything to its normal form and reports all that breaks a rule. How long it takes depends on
// the registration alone, never on who has an account.
func (s *Service) examine(ctx context.Context, registration Registration) (account.Registration, error) {
	var violations core.Violations
	pending := account.Registration{Profile: registration.Profile}
	var err error
	pending.Email, pending.EmailKey, err = account.NormalizeEmail(registration.Email)
	violations.Add("email", err)
	if registration.Username != "" {
		pending.Username, pending.UsernameKey, err = account.NormalizeUsername(registration.Username)
		violations.Add("username", err)
	}
	violations.AddFields(pending.Profile.Validate("")...)
	violations.Add("password", s.deps.Policy.Check(
		ctx, registration.Password, registration.Email, registration.Username, registration.Profile.Name))
	return pending, violations.Err()
}

// openAtOnce opens the account without proof of the mailbox, which stays unproven.
func (s *Service) openAtOnce(ctx context.Context, pending account.Registration) (Registered, error) {
	user := s.newUser(ctx, pending)
	opened := s.deps.Trail.Event(ctx, audit.Event{Action: audit.ActionOpen, Actor: user.ID, Subject: user.ID})
	if err := s.deps.Users.Create(ctx, user, opened); err != nil {
		return Registered{}, fmt.Errorf("create user: %w", err)
	}
	signedIn, err := s.letIn(ctx, entrance{user: user, factors: []string{FactorPassword}, judge: s.admit})
	return Registered{SignedIn: &signedIn}, err
}

// newUser makes the account that a registration asked for. Its country is where it is opened from.
func (s *Service) newUser(ctx context.Context, pending account.Registration) account.User {
	now := s.deps.Clock.Now()
	user := account.User{
		ID:    s.deps.IDs.New(),
		Email: pending.Email, EmailKey: pending.EmailKey,
		Username: pending.Username, UsernameKey: pending.UsernameKey,
		Profile:     pending.Profile,
		Status:      account.StatusActive,
		Roles:       []string{account.RoleUser},
		Source:      account.SourceRegistered,
		Country:     s.deps.Origins.Country(ctx),
		Preferences: account.Preferences{Visibility: account.VisibilityPrivate},
		Password:    pending.Password, PasswordChangedAt: now,
		CreatedAt: now, UpdatedAt: now,
		Rev: 1,
	}
	s.deps.Factors.Ask(&user, time.Time{}) // what its role demands is asked for where it enters
	return user
}
