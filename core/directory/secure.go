package directory

import (
	"context"
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/verification"
)

// Unlock forgets all failed tries at an account: those at its password and second factor, however many there were, and
// those at the codes that are mailed to it. Errors are those of access.Warden.Permit.
func (s *Service) Unlock(ctx context.Context, by By, id core.ID) error {
	return s.act(ctx, by, id, act{
		action: audit.ActionUserUnlock, needs: access.UsersSecure,
		do: func(ctx context.Context, _ account.User, _ *audit.Event) ([]core.Change, error) {
			if err := s.deps.Tries.Clear(ctx, lockout.Of(id)...); err != nil {
				return nil, err
			}
			return nil, s.deps.Prover.Forgive(ctx, id)
		},
	})
}

// VerifyEmail takes the address of an account for proven. Nobody is mailed: whoever reads the mailbox has lost nothing.
// core.ErrConflict when the account is deleted, and those of access.Warden.Permit.
func (s *Service) VerifyEmail(ctx context.Context, by By, id core.ID) (verified account.User, err error) {
	err = s.act(ctx, by, id, act{
		action: audit.ActionUserVerifyEmail, needs: access.UsersWrite,
		do: func(ctx context.Context, _ account.User, _ *audit.Event) ([]core.Change, error) {
			var saved core.Change
			verified, saved, err = s.edit(ctx, id, kept, func(user *account.User) error {
				user.EmailVerified = true
				return nil
			})
			if err != nil {
				return nil, err
			}
			return []core.Change{saved}, s.deps.Prover.Kill(ctx, id, verification.PurposeConfirmation)
		},
	})
	return verified, err
}

// ForceReset makes a password count no more until it has been reset, ends all by which somebody is in the account, and
// mails the link that sets another; those who never had one are invited again. core.ErrConflict when the account is
// suspended or deleted, and those of access.Warden.Permit.
func (s *Service) ForceReset(ctx context.Context, by By, id core.ID) error {
	return s.act(ctx, by, id, act{
		action: audit.ActionUserForceReset, needs: access.UsersSecure,
		do: func(ctx context.Context, _ account.User, _ *audit.Event) ([]core.Change, error) {
			user, saved, err := s.edit(ctx, id, usable, func(user *account.User) error {
				user.MustReset = !user.PasswordChangedAt.IsZero()
				return nil
			})
			if err != nil {
				return nil, err
			}
			ended, err := s.shut(ctx, id, account.EndForcedReset)
			if err != nil {
				return nil, err
			}
			return append(ended, saved), s.mailPassword(ctx, user)
		},
	})
}

// RequireFactor demands a second factor of one account, or takes the demand back. The grace begins at once.
// core.ErrConflict when the account is deleted, and those of Factors.Demand and access.Warden.Permit.
func (s *Service) RequireFactor(ctx context.Context, by By, id core.ID, required bool) error {
	demand, err := s.deps.Factors.Demand(ctx)
	if err != nil {
		return err
	}
	return s.act(ctx, by, id, act{
		action: audit.ActionRequireFactor, needs: access.UsersSecure,
		do: func(ctx context.Context, _ account.User, event *audit.Event) ([]core.Change, error) {
			event.Metadata["required"] = map[bool]string{true: "on", false: "off"}[required]
			_, saved, err := s.edit(ctx, id, kept, func(user *account.User) error {
				demand(user, required)
				return nil
			})
			return []core.Change{saved}, err
		},
	})
}

// RemoveFactors removes all second factors and recovery codes of an account whose owner has lost them, ends all of its
// sessions, and tells the owner by mail. Whoever asks for it has made sure who they speak with, as at the enrolment
// (OWASP ASVS 5.0 6.4.4). core.ErrConflict when the account is deleted, and those of access.Warden.Permit.
func (s *Service) RemoveFactors(ctx context.Context, by By, id core.ID) error {
	return s.act(ctx, by, id, act{
		action: audit.ActionFactorRemove, needs: access.UsersSecure,
		do: func(ctx context.Context, _ account.User, event *audit.Event) ([]core.Change, error) {
			user, saved, err := s.edit(ctx, id, kept, func(*account.User) error { return nil })
			if err != nil {
				return nil, err
			}
			kinds, ended, err := s.deps.Factors.RemoveAll(ctx, user)
			if err != nil {
				return nil, err
			}
			event.Metadata["factor"] = strings.Join(kinds, " ")
			for _, kind := range kinds {
				letter := s.letter(mail.KindFactorRemoved, user)
				letter.Factor = kind
				if err := s.deps.Post.Post(ctx, letter); err != nil {
					return nil, err
				}
			}
			return append(ended, saved), nil
		},
	})
}

// EndSessions ends all live sessions of a user. Errors are those of access.Warden.Permit.
func (s *Service) EndSessions(ctx context.Context, by By, id core.ID) error {
	return s.endSessions(ctx, by, id, core.ID{})
}

// EndSession ends one live session of a user. core.ErrNotFound when there is no such one, and those of
// access.Warden.Permit.
func (s *Service) EndSession(ctx context.Context, by By, id, session core.ID) error {
	return s.endSessions(ctx, by, id, session)
}

func (s *Service) endSessions(ctx context.Context, by By, id, one core.ID) error {
	return s.act(ctx, by, id, act{
		action: audit.ActionEnd, needs: access.SessionsRevoke,
		do: func(ctx context.Context, _ account.User, event *audit.Event) ([]core.Change, error) {
			event.Reason = string(session.EndRevoked)
			if one.IsZero() {
				event.Metadata["sessions"] = "all"
			} else {
				event.SessionID = one
			}
			return s.deps.Sessions.EndFor(ctx, id, one, session.EndRevoked)
		},
	})
}
