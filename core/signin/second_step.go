package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

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

// maxSent is how many codes are mailed for one challenge: more would be a way to flood a mailbox.
const maxSent = 3

// errSecondStep turns back somebody who has proven one factor and needs to prove another.
var errSecondStep = errors.New("signin: a second step is needed")

// waiting is the sealed detail of a sign-in that waits for its second step.
type waiting struct {
	// First are the factors that were proven.
	First []string `json:"first"`
	// PasswordChangedAt is of the password that was proven, or stood then.
	PasswordChangedAt time.Time `json:"password_changed_at"`
	// Token is the digest of the device token that the client has shown; nil where none fits.
	Token []byte `json:"token,omitempty"`
	// Sent is how many codes were mailed.
	Sent int `json:"sent,omitempty"`
}

func (w waiting) detail() []byte {
	text, _ := json.Marshal(w) // texts, a time and a number always marshal
	return text
}

func readWaiting(flow verification.Flow) (held waiting, err error) {
	if err = json.Unmarshal(flow.Detail, &held); err != nil {
		return waiting{}, core.Internal(fmt.Errorf("read challenge: %w", err))
	}
	return held, nil
}

// needsSecondStep decides, for every way in alike, whether what has come so far is enough.
func (s *Service) needsSecondStep(in entrance, user account.User) bool {
	if in.second || len(s.deps.Factors.Offered(user)) == 0 {
		return false
	}
	trusted := in.known != nil && in.known.Trusts(s.deps.Clock.Now())
	return !trusted || user.Protection.AlwaysAsk
}

// welcome lets somebody in who has proven one factor, or asks for a second one.
func (s *Service) welcome(ctx context.Context, in entrance) (Entry, error) {
	signedIn, err := s.letIn(ctx, in)
	if errors.Is(err, errSecondStep) {
		challenge, err := s.challenge(ctx, in)
		return Entry{Challenge: &challenge}, err
	}
	if err != nil {
		return Entry{}, err
	}
	return Entry{SignedIn: &signedIn}, nil
}

// challenge begins the second step. What has come before it was no guess. Nothing else of the account changes: a
// challenge opens nothing but its own second step.
func (s *Service) challenge(ctx context.Context, in entrance) (Challenge, error) {
	user, err := s.deps.Users.Find(ctx, in.user.ID)
	if err != nil {
		return Challenge{}, fmt.Errorf("find user: %w", err)
	}
	held := waiting{First: in.factors, PasswordChangedAt: in.user.PasswordChangedAt}
	subject := lockout.SecondFactorOf(user.ID)
	if in.known != nil {
		// Of its own: whoever knows the password could else keep beginning anew, and push this one out.
		held.Token, subject = in.known.Digest[:], lockout.DeviceSource(in.known.ID)
	}
	flow := verification.Flow{
		ID: s.deps.IDs.New(), Purpose: verification.PurposeSecondFactor, Subject: subject, User: user.ID,
		Detail: held.detail(),
	}
	made := Challenge{ID: flow.ID, Factors: s.deps.Factors.Offered(user)}
	if made.ExpiresAt, err = s.deps.Prover.Wait(ctx, flow, mfa.ChallengeTTL); err != nil {
		return Challenge{}, err
	}
	s.deps.Trail.Note(ctx, audit.Event{
		Action: audit.ActionSignIn, Outcome: audit.Refused, Reason: string(core.CodeSecondFactorRequired),
		Subject: user.ID, Metadata: map[string]string{"factor": in.factors[0], "device": familiarity(in.known)},
	})
	if len(in.clear) > 0 {
		err = s.deps.Tries.Clear(ctx, in.clear...)
	}
	return made, err
}

const kindSecondFactor = "second_factor"

// sending is the sealed payload of the intake.
type sending struct {
	Challenge core.ID     `json:"challenge"`
	Factor    mfa.Kind    `json:"factor"`
	Client    core.Client `json:"client"`
}

// SendSecondFactor asks for a code for a challenge that codes by email would finish, three times at the most. The
// answer and the work are the same whatever becomes of it: who asks learns neither whether the challenge exists nor
// which factors its account has. Neither the tries nor the end of the challenge change.
func (s *Service) SendSecondFactor(ctx context.Context, challenge core.ID, factor mfa.Kind) error {
	_, err := s.deps.Desk.Submit(ctx, kindSecondFactor, sending{
		Challenge: challenge, Factor: factor, Client: core.ClientFrom(ctx),
	})
	return err
}

// resolveSecondFactor mails the code, where there is something to mail and not too much was. Codes are counted apart
// from other mail to the account, and for each known device apart: strangers can cause that, and must not use up what
// its owner needs to get in.
func (s *Service) resolveSecondFactor(ctx context.Context, intake verification.Intake) error {
	var request sending
	if err := s.deps.Desk.Read(intake, &request); err != nil {
		return err
	}
	ctx = core.WithClient(ctx, request.Client)
	flow, wanted, err := s.sendable(ctx, request)
	if err == nil && wanted {
		wanted, err = s.deps.Desk.MaySend(ctx, intake, flow.Subject)
	}
	if err != nil {
		return err
	}
	return s.deps.Desk.Resolve(ctx, intake, &request, func(ctx context.Context) error {
		if !wanted {
			return nil
		}
		user, err := s.deps.Users.Find(ctx, flow.User)
		if err != nil {
			return fmt.Errorf("find user: %w", err) // a purged user takes the flow along
		}
		if err = s.mailSecondFactor(ctx, user, flow); errors.Is(err, verification.ErrCode) {
			return nil // it has expired meanwhile
		}
		return err
	})
}

// sendable gives the challenge as it is to be stored with one more code sent, where one would finish it.
func (s *Service) sendable(ctx context.Context, request sending) (flow verification.Flow, wanted bool, err error) {
	if request.Factor != mfa.KindEmail {
		return flow, false, nil
	}
	if flow, err = s.deps.Prover.Flow(ctx, request.Challenge); errors.Is(err, verification.ErrCode) {
		return flow, false, nil
	}
	live := s.deps.Clock.Now().Before(flow.ExpiresAt) && flow.Tries < verification.MaxTries
	if err != nil || flow.Purpose != verification.PurposeSecondFactor || !live {
		return flow, false, err
	}
	held, err := readWaiting(flow)
	if err != nil || held.Sent >= maxSent {
		return flow, false, err
	}
	held.Sent++
	flow.Detail = held.detail()
	user, err := s.deps.Users.Find(ctx, flow.User)
	return flow, err == nil && s.deps.Factors.Offers(user, request.Factor), lapsedIsNothing(err)
}

// lapsedIsNothing has nothing done for a challenge whose user is purged at this very moment.
func lapsedIsNothing(err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}

func (s *Service) mailSecondFactor(ctx context.Context, user account.User, flow verification.Flow) (err error) {
	letter := s.letter(ctx, mail.KindSecondFactorCode, user)
	letter.ExpiresAt = flow.ExpiresAt
	if letter.Code, err = s.deps.Prover.Recode(ctx, flow); err != nil {
		return err
	}
	return s.deps.Post.Post(ctx, letter)
}

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
