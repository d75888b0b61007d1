package mfa

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

// Remove removes a factor of the caller, at once for every sign-in that has begun (OWASP ASVS 5.0 6.5.6), and ends the
// caller's other sessions (7.4.3): whoever removes one has often lost it. With the last one go the recovery codes.
// Errors: core.CodeReauthentication, core.ErrNotFound, ErrRequired.
func (s *Service) Remove(ctx context.Context, principal core.Principal, id core.ID) error {
	since, err := s.deps.Roles.SecondFactor(ctx)
	if err != nil {
		return fmt.Errorf("look up what roles demand: %w", err)
	}
	return core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		user, saved, err := s.change(ctx, principal, func(*account.User) {})
		if err != nil {
			return nil, err
		}
		changes := []core.Change{saved}
		factors, err := s.deps.Factors.List(ctx, user.ID)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(factors, func(factor Factor) bool { return factor.ID == id })
		if at < 0 {
			return nil, core.ErrNotFound
		}
		gone := factors[at] // Delete clears what it leaves behind
		if err = s.deps.Factors.Remove(ctx, user.ID, id); err != nil || gone.ConfirmedAt.IsZero() {
			return changes, err
		}
		left := slices.Delete(factors, at, at+1)
		ended, err := s.removed(ctx, principal, user, gone, left, since(user))
		return append(changes, ended...), err
	})
}

// removed follows a confirmed factor out; left are those that stay, since is as of Demands.
func (s *Service) removed(
	ctx context.Context, principal core.Principal, user account.User, gone Factor, left []Factor, since time.Time,
) ([]core.Change, error) {
	user.Protection.SecondFactors = kindsOf(left)
	if s.Demands(user, since) && len(s.usable(user)) == 0 {
		return nil, ErrRequired
	}
	if len(user.Protection.SecondFactors) == 0 {
		if err := s.deps.Codes.Replace(ctx, user.ID, nil, s.deps.Clock.Now()); err != nil {
			return nil, err
		}
	}
	if err := s.deps.Prover.Kill(ctx, user.ID, verification.PurposeSecondFactor); err != nil {
		return nil, err
	}
	ended, err := s.deps.Sessions.EndAll(ctx, user.ID, principal.SessionID, account.EndFactor)
	if err != nil {
		return nil, err
	}
	letter := s.letter(ctx, mail.KindFactorRemoved, user)
	letter.Factor = string(gone.Kind)
	return ended, s.tell(ctx, principal, user, audit.ActionFactorRemove, letter)
}

// kindsOf are the kinds of the confirmed ones among the factors, as account.Protection has them.
func kindsOf(factors []Factor) (kinds []string) {
	for _, factor := range factors {
		if !factor.ConfirmedAt.IsZero() {
			kinds = append(kinds, string(factor.Kind))
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// RemoveSince removes the factors that were added to an account at or after the instant, and all of its recovery
// codes, which may be in the same hands, in ctx's transaction. The caller saves the user in it and tells the owner.
func (s *Service) RemoveSince(ctx context.Context, user core.ID, since time.Time) error {
	if _, err := s.deps.Factors.RemoveSince(ctx, user, since); err != nil {
		return err
	}
	return s.deps.Codes.Replace(ctx, user, nil, s.deps.Clock.Now())
}

// RemoveAll removes all second factors and recovery codes of an account whose owner has lost them, and ends all of its
// sessions, in ctx's transaction. It gives the kinds that were removed, sorted. The caller saves the user in the same
// transaction, tells the owner and writes it down.
func (s *Service) RemoveAll(ctx context.Context, user account.User) (kinds []string, changes []core.Change, err error) {
	if err = s.RemoveSince(ctx, user.ID, time.Time{}); err != nil {
		return nil, nil, err
	}
	if err = s.deps.Prover.Kill(ctx, user.ID, verification.PurposeSecondFactor, verification.PurposeFactorEmail); err != nil {
		return nil, nil, err
	}
	changes, err = s.deps.Sessions.EndAll(ctx, user.ID, core.ID{}, account.EndFactor)
	return user.Protection.SecondFactors, changes, err
}
