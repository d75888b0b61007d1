package mfa

import (
	"context"
	"errors"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

// Proof is a code that fits one of a user's factors and is not used up yet, see Use.
type Proof struct {
	Kind   Kind
	user   core.ID
	factor core.ID
	step   int64
	digest []byte
}

// Method is the name of the factor in tokens, see account.FactorOTP and its neighbours.
func (k Kind) Method() string {
	switch k {
	case KindTOTP:
		return account.FactorOTP
	case KindEmail:
		return account.FactorEmail
	case KindRecoveryCode:
		return account.FactorRecoveryCode
	}
	return string(k)
}

// Strength tells how much a factor adds to a password.
type Strength string

// The strengths.
const (
	Strong Strength = "strong"
	Weak   Strength = "weak"
)

// Strength is weak for a code by email, see KindEmail.
func (k Kind) Strength() Strength {
	if k == KindEmail {
		return Weak
	}
	return Strong
}

// Check finds what the code proves of the user, a TOTP step or a recovery code, and uses nothing up. Whoever calls it
// has counted the try. verification.ErrCode.
func (s *Service) Check(ctx context.Context, user core.ID, kind Kind, code string) (Proof, error) {
	switch kind {
	case KindTOTP:
		return s.checkTOTP(ctx, user, code)
	case KindRecoveryCode:
		return s.checkRecoveryCode(ctx, user, code)
	case KindEmail: // its codes are those of a flow
	}
	return Proof{}, verification.ErrCode
}

// checkTOTP tries every app of the user: there may be several, and none is named by the code.
func (s *Service) checkTOTP(ctx context.Context, user core.ID, code string) (Proof, error) {
	factors, err := s.confirmed(ctx, user)
	if err != nil {
		return Proof{}, err
	}
	for _, factor := range factors {
		if factor.Kind != KindTOTP {
			continue
		}
		step, found, err := s.findStep(factor, code)
		if err != nil {
			return Proof{}, err
		}
		if found {
			return Proof{Kind: KindTOTP, user: user, factor: factor.ID, step: step}, nil
		}
	}
	return Proof{}, verification.ErrCode
}

func (s *Service) checkRecoveryCode(ctx context.Context, user core.ID, text string) (Proof, error) {
	code, ok := NormalizeRecoveryCode(text)
	if !ok {
		return Proof{}, verification.ErrCode
	}
	digests, err := s.deps.Codes.List(ctx, user)
	if err != nil {
		return Proof{}, err
	}
	for _, digest := range digests {
		if s.deps.Ring.Matches(digest, recoveryContext(user), code) {
			return Proof{Kind: KindRecoveryCode, user: user, digest: digest}, nil
		}
	}
	return Proof{}, verification.ErrCode
}

// Mailed is the proof by a code that was sent to the mailbox of the user, which somebody else has checked and uses up.
func Mailed(user core.ID) Proof { return Proof{Kind: KindEmail, user: user} }

// Use uses a proof up, in the transaction of what it permits: of many calls one succeeds. The owner is told of a
// recovery code. verification.ErrCode.
func (s *Service) Use(ctx context.Context, user account.User, proof Proof) error {
	err := s.use(ctx, proof)
	if errors.Is(err, core.ErrNotFound) {
		return verification.ErrCode
	}
	if err != nil || proof.Kind != KindRecoveryCode {
		return err
	}
	left, err := s.deps.Codes.List(ctx, user.ID)
	if err != nil {
		return err
	}
	if err = s.deps.Trail.Record(ctx, audit.Event{
		Action: audit.ActionRecoveryCodeUse, Actor: user.ID, Subject: user.ID,
	}); err != nil {
		return err
	}
	letter := s.letter(ctx, mail.KindRecoveryCodeUsed, user)
	letter.Count = len(left)
	return s.deps.Post.Post(ctx, letter)
}

func (s *Service) use(ctx context.Context, proof Proof) error {
	now := s.deps.Clock.Now()
	switch proof.Kind {
	case KindTOTP:
		return s.deps.Factors.Use(ctx, proof.user, proof.factor, proof.step, now)
	case KindRecoveryCode:
		return s.deps.Codes.Use(ctx, proof.user, proof.digest)
	case KindEmail:
		return s.noteMailed(ctx, proof)
	}
	return core.ErrNotFound
}

// noteMailed notes when the mailbox was last used. The code itself is used up with its flow.
func (s *Service) noteMailed(ctx context.Context, proof Proof) error {
	factors, err := s.confirmed(ctx, proof.user)
	if err != nil {
		return err
	}
	for _, factor := range factors {
		if factor.Kind != KindEmail {
			continue
		}
		now := s.deps.Clock.Now()
		err = s.deps.Factors.Use(ctx, proof.user, factor.ID, now.UnixMicro(), now)
		if errors.Is(err, core.ErrNotFound) {
			err = nil // noted at this very instant, or at a later one by another clock
		}
		return err
	}
	return core.ErrNotFound
}
