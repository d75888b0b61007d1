package credential

import (
	"context"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/lockout"
)

// ErrNotSet is the answer to a change of a password that the account does not have.
var ErrNotSet = core.NewError(core.KindConflict, core.CodePasswordNotSet, "This account has no password.")

// Change replaces the caller's password by one that follows the rules, given the current one. The other
// sessions of the caller end, and so do codes and links; the owner is told by mail. Tries at the current one
// are reserved for the session, together with those of signin.Service.Reauthenticate. Errors: KindInvalid for
// the field "current_password" (core.CodeInvalidCredentials) or "new_password", ErrNotSet, and
// core.ErrConflict when the password was changed meanwhile.
func (s *Service) Change(ctx context.Context, principal core.Principal, current, fresh string) error {
	event := audit.Event{
		Action: audit.ActionPasswordChange, Actor: principal.UserID, Subject: principal.UserID, SessionID: principal.SessionID,
	}
	return s.deps.Trail.Refuse(ctx, event, s.change(ctx, principal, current, fresh, event))
}

func (s *Service) change(
	ctx context.Context, principal core.Principal, current, fresh string, event audit.Event,
) error {
	user, err := s.deps.Users.Find(ctx, principal.UserID)
	if err != nil {
		return fmt.Errorf("find user: %w", err)
	}
	if user.Password == "" {
		return ErrNotSet
	}
	if err = s.checkFresh(ctx, fresh, contextOf(user)...); err != nil {
		return err
	}
	if err = s.verifyCurrent(ctx, principal, user, current, fresh); err != nil {
		return err
	}
	hash, err := Hash(ctx, s.deps.Hasher, fresh)
	if err != nil {
		return err
	}
	return core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		nothing := func(context.Context) error { return nil } // the current password was the proof
		changes, err := s.replace(ctx, user.ID, principal.SessionID, nothing, func(now *account.User) error {
			if now.Status != account.StatusActive || !now.PasswordChangedAt.Equal(user.PasswordChangedAt) {
				return core.ErrConflict
			}
			now.Password = hash
			return nil
		})
		if err != nil {
			return nil, err
		}
		return changes, s.deps.Trail.Record(ctx, event)
	})
}

func (s *Service) verifyCurrent(
	ctx context.Context, principal core.Principal, user account.User, current, fresh string,
) error {
	match, err := s.tryCurrent(ctx, principal, user, current)
	if err != nil {
		return err
	}
	if !match {
		return core.InvalidField("current_password", core.CodeInvalidCredentials, "This is not your current password.")
	}
	old, _ := NormalizePassword(current)
	if chosen, _ := NormalizePassword(fresh); chosen == old {
		return core.InvalidField("new_password", core.CodePasswordSame, "The new password is the current one.")
	}
	return nil
}

// tryCurrent compares a password with the current one, where the session has a try left: whoever has stolen it could
// else guess as long as it lasts.
func (s *Service) tryCurrent(
	ctx context.Context, principal core.Principal, user account.User, current string,
) (match bool, err error) {
	standing, err := s.deps.Tries.Reserve(ctx, lockout.Reservation{
		Subject: lockout.SessionOf(principal.SessionID), Source: s.deps.Subjects.SourceOf(core.ClientFrom(ctx).IP),
		From: s.deps.Origins.Of(ctx), Now: s.deps.Clock.Now(), Rules: s.config.Lockout,
	})
	if err != nil {
		return false, fmt.Errorf("reserve a try: %w", err)
	}
	hash := user.Password
	if !standing.Allowed {
		hash = "" // costs the same and matches nothing
	}
	match, _, err = Verify(ctx, s.deps.Hasher, current, hash)
	switch {
	case err != nil && standing.Allowed:
		return false, errors.Join(err, s.deps.Tries.Release(context.WithoutCancel(ctx), standing.Counters))
	case match:
		err = s.deps.Tries.Clear(ctx, standing.Counters)
	}
	return match, err
}
