package mfa

import (
	"context"
	"errors"
	"slices"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

// BeginEmail sends a code to the account's mailbox, which is to become a second factor. Errors:
// core.CodeReauthentication, ErrEmailOff, ErrUnproven, ErrFactorExists.
func (s *Service) BeginEmail(ctx context.Context, principal core.Principal) (verification.Receipt, error) {
	user, err := s.guarded(ctx, principal)
	switch {
	case err != nil:
		return verification.Receipt{}, err
	case s.config.RefuseEmail:
		return verification.Receipt{}, ErrEmailOff
	case !user.EmailVerified:
		return verification.Receipt{}, ErrUnproven
	case slices.Contains(user.Protection.SecondFactors, string(KindEmail)):
		return verification.Receipt{}, ErrFactorExists
	}
	receipt := verification.Receipt{ID: s.deps.IDs.New(), Channel: verification.ChannelEmail}
	err = s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		letter := s.letter(ctx, mail.KindFactorEmail, user)
		letter.Code, letter.ExpiresAt, err = s.deps.Prover.Code(ctx, verification.Flow{
			ID: receipt.ID, Purpose: verification.PurposeFactorEmail, Subject: "factor/" + user.ID.String(), User: user.ID,
		})
		receipt.ExpiresAt = letter.ExpiresAt
		if err != nil {
			return err
		}
		return s.deps.Post.Post(ctx, letter)
	})
	return receipt, err
}

// ConfirmEmail makes codes by email a second factor, by the code that was sent. Errors: core.CodeReauthentication,
// ErrEmailOff, ErrFactorExists, ErrTooMany, and verification.ErrCode, also when the address has changed meanwhile.
func (s *Service) ConfirmEmail(ctx context.Context, principal core.Principal, id core.ID, code string) (Enrolled, error) {
	if _, err := s.guarded(ctx, principal); err != nil {
		return Enrolled{}, err
	}
	if s.config.RefuseEmail {
		return Enrolled{}, ErrEmailOff
	}
	flow, err := s.deps.Prover.Flow(ctx, id)
	if err != nil {
		return Enrolled{}, err
	}
	if flow.User != principal.UserID {
		return Enrolled{}, verification.ErrCode // before a try is spent on it: its owner has only five
	}
	if flow, err = s.deps.Prover.Try(ctx, id, verification.PurposeFactorEmail, code); err != nil {
		return Enrolled{}, err
	}
	now := s.deps.Clock.Now()
	enrolled := Enrolled{Factor: Factor{
		ID: s.deps.IDs.New(), UserID: principal.UserID, Kind: KindEmail, LastStep: -1, CreatedAt: now, ConfirmedAt: now,
		LastUsedAt: now,
	}}
	err = s.enrol(ctx, principal, &enrolled, func(ctx context.Context) error {
		return s.addEmail(ctx, enrolled.Factor, flow)
	})
	return enrolled, err
}

func (s *Service) addEmail(ctx context.Context, factor Factor, flow verification.Flow) error {
	if err := s.deps.Prover.Spend(ctx, flow); err != nil {
		return err
	}
	held, err := s.confirmed(ctx, factor.UserID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(held, func(other Factor) bool { return other.Kind == KindEmail }) {
		return ErrFactorExists
	}
	err = s.deps.Factors.Add(ctx, factor)
	if errors.Is(err, core.ErrConflict) {
		return ErrTooMany
	}
	return err
}
