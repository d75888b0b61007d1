package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/verification"
)

// SecondStep finishes a sign-in.
type SecondStep struct {
	Challenge core.ID
	Factor    mfa.Kind
	Code      string
	// Trust spares the client the second factor from now on.
	Trust bool
}

// VerifySecondFactor finishes a sign-in by the second factor. A try of the challenge and one of the account are
// reserved before the code is looked at; only a recovery code is looked at when the account has none left, for nobody
// guesses it. The code, the challenge and the session are written together: of many calls one succeeds. Every way to
// fail is verification.ErrCode.
func (s *Service) VerifySecondFactor(ctx context.Context, step SecondStep) (SignedIn, error) {
	flow, err := s.deps.Prover.Reserve(ctx, step.Challenge, verification.PurposeSecondFactor)
	if err != nil {
		return SignedIn{}, err
	}
	held, err := readWaiting(flow)
	if err != nil {
		return SignedIn{}, err
	}
	user, err := s.deps.Users.Find(ctx, flow.User)
	if err != nil {
		return SignedIn{}, lapsed(err)
	}
	standing, err := s.reserveSecond(ctx, lockout.SecondFactorOf(user.ID), user, held.Token)
	if err != nil {
		return SignedIn{}, err
	}
	proof, err := s.checkSecond(ctx, user, flow, step, standing)
	if err != nil {
		return SignedIn{}, s.refuseSecond(ctx, user, step.Factor, standing, err)
	}
	return s.letIn(ctx, entrance{
		user: user, factors: combine(held.First, step.Factor), known: standing.Device, trust: step.Trust,
		clear: []lockout.Counters{standing.Counters}, second: true, judge: s.stillWaiting(held, step.Factor),
		events: s.secondEvents(user, step),
		along: func(ctx context.Context, user account.User) error {
			if err := s.deps.Factors.Use(ctx, user, proof); err != nil {
				return err
			}
			if err := s.deps.Prover.Spend(ctx, flow); err != nil || !step.Trust {
				return err
			}
			return s.deps.Post.Post(ctx, s.letter(ctx, mail.KindDeviceTrusted, user))
		},
	})
}

// lapsed answers a challenge whose user is purged at this very moment like one that is not good any more.
func lapsed(err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return verification.ErrCode
	}
	return err
}

// reserveSecond counts a try at what the subject names, and finds the device that holds the token.
func (s *Service) reserveSecond(
	ctx context.Context, subject string, user account.User, digest []byte,
) (lockout.Standing, error) {
	var token secret.TokenDigest
	copy(token[:], digest)
	standing, err := s.deps.Tries.Reserve(ctx, lockout.Reservation{
		Subject: subject, Source: s.deps.Subjects.SourceOf(core.ClientFrom(ctx).IP), User: user.ID, Token: token,
		From: s.deps.Origins.Of(ctx), Now: s.deps.Clock.Now(), Rules: s.config.Lockout,
	})
	if err != nil {
		return lockout.Standing{}, fmt.Errorf("reserve a try: %w", err)
	}
	return standing, nil
}

func (s *Service) checkSecond(
	ctx context.Context, user account.User, flow verification.Flow, step SecondStep, standing lockout.Standing,
) (mfa.Proof, error) {
	if !s.deps.Factors.Offers(user, step.Factor) || !standing.Allowed && step.Factor != mfa.KindRecoveryCode {
		return mfa.Proof{}, verification.ErrCode
	}
	if step.Factor != mfa.KindEmail {
		return s.deps.Factors.Check(ctx, user.ID, step.Factor, step.Code)
	}
	if !s.deps.Prover.Fits(flow, mfa.NormalizeCode(step.Code)) {
		return mfa.Proof{}, verification.ErrCode
	}
	return mfa.Mailed(user.ID), nil
}

// reasonCode is the reason of a second factor that failed, for the log alone.
const reasonCode = "wrong_code"

// refuseSecond answers a wrong second factor. Whoever gave it knows the password: the owner hears of a lock.
func (s *Service) refuseSecond(
	ctx context.Context, user account.User, factor mfa.Kind, standing lockout.Standing, refusal error,
) error {
	if !errors.Is(refusal, verification.ErrCode) {
		return refusal
	}
	event := audit.Event{
		Action: audit.ActionSecondFactor, Outcome: audit.Failure, Reason: reasonCode, Subject: user.ID,
		Metadata: map[string]string{"factor": factor.Method(), "device": familiarity(standing.Device)},
	}
	if !standing.Allowed {
		event.Reason = reasonLocked
	}
	s.deps.Trail.Note(ctx, event)
	if standing.Last {
		if err := s.announceLock(ctx, user.ID, lockout.SecondFactorOf(user.ID)); err != nil {
			return err
		}
	}
	return refusal
}

// stillWaiting judges the user as they are when the second step ends.
func (s *Service) stillWaiting(held waiting, factor mfa.Kind) func(account.User) error {
	return func(user account.User) error {
		byPassword := slices.Contains(held.First, FactorPassword)
		switch {
		case !mayReturn(user), !user.PasswordChangedAt.Equal(held.PasswordChangedAt), byPassword && user.MustReset,
			!s.deps.Factors.Offers(user, factor):
			return verification.ErrCode
		}
		return nil
	}
}

func (s *Service) secondEvents(user account.User, step SecondStep) []audit.Event {
	events := []audit.Event{{
		Action: audit.ActionSecondFactor, Actor: user.ID, Subject: user.ID,
		Metadata: map[string]string{"factor": step.Factor.Method()},
	}}
	if step.Trust {
		events = append(events, audit.Event{Action: audit.ActionDeviceTrust, Actor: user.ID, Subject: user.ID})
	}
	return events
}

// combine are the factors of a sign-in in two steps. More than one kind of factor is what a password and a strong second
// factor are together; a code by email beside either of them, and a strong factor beside a code by email, are not.
func combine(first []string, second mfa.Kind) []string {
	factors := append(slices.Clone(first), second.Method())
	if slices.Contains(first, FactorPassword) && second.Strength() == mfa.Strong {
		factors = append(factors, token.FactorMultiple)
	}
	return factors
}
