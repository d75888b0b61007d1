package signin

import (
	"context"

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

// Credentials are what somebody signs in with by password. DeviceToken may be empty.
type Credentials struct {
	Identifier  string
	Password    string
	DeviceToken string
}

// Login signs in with an email or username and a password, or asks for the second factor. A deactivated account
// becomes active by a sign-in that is finished.
//
// A try is reserved before the password is looked at. Whoever is named, and whether or not there is a lock, it
// costs one hash, and no database connection is held meanwhile. Pending registrations are not looked at: an
// answer of their own, even to the right password, would tell whoever registered an address whether it had an
// account before. Errors: ErrInvalidCredentials, ErrSuspended, ErrUnverified, ErrResetRequired, and those of
// credential.Hasher.
func (s *Service) Login(ctx context.Context, with Credentials) (Entry, error) {
	try, err := s.reserve(ctx, with)
	if err != nil {
		return Entry{}, err
	}
	match, stale, err := credential.Verify(ctx, s.deps.Hasher, with.Password, try.hash())
	if err != nil {
		return Entry{}, s.giveBack(ctx, try, err)
	}
	if !match {
		return Entry{}, s.refuse(ctx, try)
	}
	verified := try.user.PasswordChangedAt
	judge := func(user account.User) error {
		if !user.PasswordChangedAt.Equal(verified) {
			return ErrInvalidCredentials // replaced since it was compared
		}
		return s.admit(user)
	}
	if err = judge(try.user); err != nil {
		return Entry{}, s.turnAway(ctx, try, err)
	}
	entry, err := s.welcome(ctx, entrance{
		user: try.user, factors: []string{FactorPassword}, known: try.standing.Device, clear: try.counters(), judge: judge,
	})
	if err == nil && stale {
		s.rehash(ctx, try.user, with.Password)
	}
	return entry, err
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
