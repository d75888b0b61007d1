package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/credential"
)

// The refusals of a sign-in. Only somebody who gave the right password gets one of the last three.
var (
	// ErrInvalidCredentials is the one answer to a wrong password and to an account that is unknown,
	// deleted, or without a password.
	ErrInvalidCredentials = core.NewError(core.KindUnauthenticated, core.CodeInvalidCredentials,
		"The identifier or the password is wrong.")
	// ErrSuspended bars an account that an administrator has suspended.
	ErrSuspended = core.NewError(core.KindForbidden, core.CodeAccountSuspended, "This account is suspended.")
	// ErrUnverified bars an account whose mailbox must be proven first.
	ErrUnverified = core.NewError(core.KindForbidden, core.CodeEmailUnverified, "Please confirm your email address first.")
	// ErrResetRequired bars an account whose password others may know, until it has been reset.
	ErrResetRequired = core.NewError(core.KindForbidden, core.CodeResetRequired, "Please set a new password first.")
)

// Login signs in with an email or username and a password. A deactivated account becomes active by it.
//
// It costs one hash whoever is named, and holds no database connection meanwhile. Pending registrations are
// not looked at: an answer of their own, even to the right password, would tell whoever registered an
// address whether it had an account before. Errors: ErrInvalidCredentials, ErrSuspended, ErrUnverified,
// ErrResetRequired, and those of credential.Hasher.
func (s *Service) Login(ctx context.Context, identifier, password string) (SignedIn, error) {
	user, err := s.find(ctx, identifier)
	if err != nil {
		return SignedIn{}, err
	}
	match, stale, err := credential.Verify(ctx, s.deps.Hasher, password, user.Password)
	if err != nil {
		return SignedIn{}, err
	}
	if !match {
		return SignedIn{}, ErrInvalidCredentials
	}
	verified := user.PasswordChangedAt
	judge := func(user account.User) error {
		if !user.PasswordChangedAt.Equal(verified) {
			return ErrInvalidCredentials // replaced since it was compared
		}
		return s.admit(user)
	}
	if user, err = s.enter(ctx, user, judge); err != nil {
		return SignedIn{}, err
	}
	signedIn, err := s.begin(ctx, user, FactorPassword, judge)
	if err == nil && stale {
		s.rehash(ctx, user, password)
	}
	return signedIn, err
}

// find gives the user that the identifier names, or the zero User, whose empty hash no password matches.
func (s *Service) find(ctx context.Context, identifier string) (account.User, error) {
	parsed, ok := account.ParseIdentifier(identifier)
	if !ok {
		return account.User{}, nil
	}
	user, err := s.deps.Users.FindByIdentifier(ctx, parsed)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return account.User{}, fmt.Errorf("find user: %w", err)
	}
	return user, nil
}

// admit decides whether somebody who has given the right password may come in. A deactivated account may:
// that is how it comes back.
func (s *Service) admit(user account.User) error {
	switch {
	case user.Status == account.StatusDeleted:
		return ErrInvalidCredentials
	case user.Status == account.StatusSuspended:
		return ErrSuspended
	case s.config.RequireVerification && !user.EmailVerified:
		return ErrUnverified
	case user.MustReset:
		return ErrResetRequired
	}
	return nil
}

// enter judges the user and brings a deactivated account back.
func (s *Service) enter(
	ctx context.Context, user account.User, judge func(account.User) error,
) (account.User, error) {
	if err := judge(user); err != nil || user.Status != account.StatusDeactivated {
		return user, err
	}
	user, saved, err := account.Edit(ctx, s.deps.Users, user.ID, func(user *account.User) error {
		if err := judge(*user); err != nil {
			return err
		}
		user.Status, user.UpdatedAt = account.StatusActive, s.deps.Clock.Now()
		return nil
	})
	if err != nil {
		return account.User{}, err
	}
	s.deps.Announcer.Announce(ctx, saved)
	return user, nil
}

// rehash upgrades a hash that was made with other than today's parameters. It comes after everything that
// the caller waits for, happens once per account and change of parameters, and its failure costs nothing:
// the next sign-in tries again.
func (s *Service) rehash(ctx context.Context, user account.User, password string) {
	fresh, err := credential.Hash(ctx, s.deps.Hasher, password)
	if err == nil {
		err = s.deps.Users.Rehash(ctx, user.ID, user.Password, fresh)
	}
	if err != nil {
		s.deps.Log.WarnContext(ctx, "hash not upgraded", "user_id", user.ID, "error", err)
	}
}
