package mfa

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
)

// ErrNoFactor is the answer to a wish for recovery codes where there is nothing to recover.
var ErrNoFactor = core.NewError(core.KindConflict, core.CodeConflict, "Enrol a second factor first.")

// MakeRecoveryCodes gives the caller ten new recovery codes, told once; all earlier ones die. Errors:
// core.CodeReauthentication, ErrNoFactor.
func (s *Service) MakeRecoveryCodes(ctx context.Context, principal core.Principal) (codes []string, err error) {
	err = core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		user, saved, err := s.change(ctx, principal, func(*account.User) {})
		if err != nil {
			return nil, err
		}
		if len(user.Protection.SecondFactors) == 0 {
			return nil, ErrNoFactor
		}
		if codes, err = s.replaceCodes(ctx, user.ID); err != nil {
			return nil, err
		}
		letter := s.letter(ctx, mail.KindRecoveryCodesMade, user)
		return []core.Change{saved}, s.tell(ctx, principal, user, audit.ActionRecoveryCodesMake, letter)
	})
	return codes, err
}

func (s *Service) replaceCodes(ctx context.Context, user core.ID) ([]string, error) {
	codes, digests := newRecoveryCodes(s.deps.Ring, user)
	return codes, s.deps.Codes.Replace(ctx, user, digests, s.deps.Clock.Now())
}
