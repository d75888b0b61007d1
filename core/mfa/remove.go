package mfa

import (
	"context"
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
		ended, err := s.removed(ctx, principal, user, gone, slices.Delete(factors, at, at+1))
		return append(changes, ended...), err
	})
}

// removed follows a confirmed factor out; left are those that stay.
func (s *Service) removed(
	ctx context.Context, principal core.Principal, user account.User, gone Factor, left []Factor,
) ([]core.Change, error) {
	user.Protection.SecondFactors = kindsOf(left)
	if s.Demands(user) && len(s.usable(user)) == 0 {
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

// RemoveAll removes all second factors and recovery codes of an account whose owner has lost them, for an operator who
// knows them, and ends all of its sessions. core.ErrNotFound.
func (s *Service) RemoveAll(ctx context.Context, user core.ID) error {
	return core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		now := s.deps.Clock.Now()
		found, saved, err := account.Edit(ctx, s.deps.Users, user, func(user *account.User) error {
			user.UpdatedAt = now
			return nil
		})
		if err != nil {
			return nil, err
		}
		if err = s.RemoveSince(ctx, user, time.Time{}); err != nil {
			return nil, err
		}
		if err = s.deps.Prover.Kill(ctx, user, verification.PurposeSecondFactor, verification.PurposeFactorEmail); err != nil {
			return nil, err
		}
		ended, err := s.deps.Sessions.EndAll(ctx, user, core.ID{}, account.EndFactor)
		if err != nil {
			return nil, err
		}
		return append(ended, saved), s.tellAll(ctx, found)
	})
}

// tellAll tells of the removal of all of an account's factors by an operator, one letter for each kind.
func (s *Service) tellAll(ctx context.Context, user account.User) error {
	for _, kind := range user.Protection.SecondFactors {
		event := audit.Event{
			Action: audit.ActionFactorRemove, ActorKind: audit.Operator, Subject: user.ID,
			Metadata: map[string]string{"factor": kind},
		}
		if err := s.deps.Trail.Record(ctx, event); err != nil {
			return err
		}
		letter := s.letter(ctx, mail.KindFactorRemoved, user)
		letter.Factor = kind
		if err := s.deps.Post.Post(ctx, letter); err != nil {
			return err
		}
	}
	return nil
}
