package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/verification"
)

// VerifyCode proves a mailbox by the code that was sent to it, and signs in, or asks for the second factor: the client
// that holds both the verification's id and the code is the one that asked for it. Every way to fail is
// verification.ErrCode.
func (s *Service) VerifyCode(ctx context.Context, id core.ID, code string) (Entry, error) {
	user, err := s.verifyCode(ctx, id, code)
	if err != nil {
		return Entry{}, s.deps.Trail.Refuse(ctx, mailboxProof(proofCode), err)
	}
	return s.welcome(ctx, entrance{user: user, factors: []string{FactorEmail}, judge: func(user account.User) error {
		if !mayReturn(user) {
			return verification.ErrCode
		}
		return nil
	}})
}

// The proofs of a mailbox, as the audit names them.
const (
	proofCode = "code"
	proofLink = "link"
)

// mailboxProof is a try to prove a mailbox, whosever it is.
func mailboxProof(proof string) audit.Event {
	return audit.Event{Action: audit.ActionConfirmEmail, Metadata: map[string]string{"proof": proof}}
}

func (s *Service) verifyCode(ctx context.Context, id core.ID, code string) (account.User, error) {
	flow, err := s.deps.Prover.Flow(ctx, id)
	if err != nil {
		return account.User{}, err
	}
	if !provesMailbox(flow.Purpose) {
		return account.User{}, verification.ErrCode
	}
	if flow, err = s.deps.Prover.Try(ctx, id, flow.Purpose, code); err != nil {
		return account.User{}, err
	}
	return s.redeem(ctx, claim{
		registration: flow.Registration, user: flow.User, signsIn: true, answer: verification.ErrCode,
		spend: func(ctx context.Context) error { return s.deps.Prover.Spend(ctx, flow) },
	})
}

// VerifyLink proves a mailbox by the token of the link that was sent to it. It signs nobody in: whoever
// opens the link need not be who asked for it. Every way to fail is verification.ErrLink.
func (s *Service) VerifyLink(ctx context.Context, token string) error {
	err := s.verifyLink(ctx, token, verification.PurposeRegistration)
	if errors.Is(err, verification.ErrLink) {
		err = s.verifyLink(ctx, token, verification.PurposeConfirmation)
	}
	return s.deps.Trail.Refuse(ctx, mailboxProof(proofLink), err)
}

func (s *Service) verifyLink(ctx context.Context, token string, purpose verification.Purpose) error {
	link, err := s.deps.Prover.Peek(ctx, token, purpose)
	if err != nil {
		return err
	}
	_, err = s.redeem(ctx, claim{
		registration: link.Registration, user: link.User, answer: verification.ErrLink,
		spend: func(ctx context.Context) error {
			_, gone := s.deps.Prover.Follow(ctx, token, purpose)
			return gone
		},
	})
	return err
}

func provesMailbox(purpose verification.Purpose) bool {
	return purpose == verification.PurposeRegistration || purpose == verification.PurposeConfirmation
}

// claim is what a proof of a mailbox is good for: a pending registration or an existing account.
type claim struct {
	registration core.ID
	user         core.ID
	// signsIn tells that the claim is its client's own, and signs in.
	signsIn bool
	// answer is what a claim that has lapsed is answered with.
	answer *core.Error
	// spend uses the proof up. It comes after the account was written: whoever locks the account first goes
	// on alone, and two proofs of one account never wait for each other.
	spend func(ctx context.Context) error
}

// redeem spends the proof and makes of it what it is good for, both or neither.
func (s *Service) redeem(ctx context.Context, claim claim) (user account.User, err error) {
	act := func(keepUsername bool) error {
		return core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) (changes []core.Change, err error) {
			if claim.registration.IsZero() {
				user, changes, err = s.confirm(ctx, claim)
			} else {
				user, err = s.open(ctx, claim, keepUsername)
			}
			if err != nil {
				return nil, err
			}
			return changes, s.deps.Trail.Record(ctx, claim.event(user))
		})
	}
	if err = act(true); errors.Is(err, account.ErrUsernameTaken) {
		// It has gone to somebody who proved their mailbox first: the account opens without one.
		err = act(false)
	}
	if errors.Is(err, core.ErrNotFound) || errors.Is(err, account.ErrEmailTaken) {
		err = claim.answer
	}
	return user, err
}

// event tells of what the claim was good for.
func (c claim) event(user account.User) audit.Event {
	proof := proofLink
	if c.signsIn {
		proof = proofCode
	}
	event := mailboxProof(proof)
	if !c.registration.IsZero() {
		event.Action = audit.ActionOpen
	}
	event.Actor, event.Subject = user.ID, user.ID
	return event
}

// open makes the pending registration an account, in ctx's transaction. The other registrations of the
// address die with their codes and links, so that nobody else's password ever counts.
func (s *Service) open(ctx context.Context, claim claim, keepUsername bool) (account.User, error) {
	pending, err := s.deps.Registrations.Find(ctx, claim.registration, s.deps.Clock.Now())
	if err != nil {
		return account.User{}, fmt.Errorf("find registration: %w", err)
	}
	if !keepUsername {
		pending.Username, pending.UsernameKey = "", ""
	}
	user := s.newUser(ctx, pending)
	user.EmailVerified = true
	if user.MustReset, err = s.doubtful(ctx, claim, pending); err != nil {
		return account.User{}, err
	}
	if err := s.deps.Users.Create(ctx, user); err != nil {
		return account.User{}, fmt.Errorf("create user: %w", err)
	}
	if err := claim.spend(ctx); err != nil {
		return account.User{}, err
	}
	if err := s.deps.Registrations.Settle(ctx, pending.EmailKey); err != nil {
		return account.User{}, fmt.Errorf("settle registrations: %w", err)
	}
	return user, nil
}

// doubtful tells whether the password of the registration may be somebody else's. A code shows that who reads
// the mailbox also registered. A link shows the first alone: where several registrations wait for the address, whose
// mail was opened is chance, so the account opens with the demand for a new password, which only the
// mailbox can set. Otherwise a stranger who registers an address at the same time as its owner, and whose mail the
// owner opens, would hold the owner's account.
func (s *Service) doubtful(ctx context.Context, claim claim, pending account.Registration) (bool, error) {
	if claim.signsIn {
		return false, nil
	}
	waiting, err := s.deps.Registrations.ByEmail(ctx, pending.EmailKey, s.deps.Clock.Now())
	if err != nil {
		return false, fmt.Errorf("list registrations: %w", err)
	}
	return len(waiting) > 1, nil
}

// confirm marks the mailbox of an existing account as proven, in ctx's transaction.
func (s *Service) confirm(ctx context.Context, claim claim) (account.User, []core.Change, error) {
	user, saved, err := account.Edit(ctx, s.deps.Users, claim.user, func(user *account.User) error {
		if !mayReturn(*user) {
			return claim.answer
		}
		user.EmailVerified, user.UpdatedAt = true, s.deps.Clock.Now()
		return nil
	})
	if err != nil {
		return account.User{}, nil, err
	}
	if err = claim.spend(ctx); err != nil {
		return account.User{}, nil, err
	}
	return user, []core.Change{saved}, s.deps.Prover.Kill(ctx, user.ID, verification.PurposeConfirmation)
}
