package signin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/verification"
)

// Confirmation is how somebody who is signed in proves anew who they are: by Password, or where Factor is set by its
// Code.
type Confirmation struct {
	Password string
	Factor   mfa.Kind
	Code     string
}

// Reauthenticate proves again who the caller is: the session is recent then, and answers with fresh tokens of its own.
// Tries are reserved for the session by itself: who has stolen it guesses no more often than anybody else, and who has
// not cannot keep its owner from it. The session has the factors of this proof from then on; a second factor that is
// proven in a session which a password has opened makes both of them.
//
// Errors: ErrInvalidCredentials for a wrong password, also for an account without one; verification.ErrCode for a wrong
// second factor; KindInvalid for the field "factor", for one that cannot be proven this way; session.ErrEnded, and
// those of credential.Hasher.
func (s *Service) Reauthenticate(ctx context.Context, principal core.Principal, with Confirmation) (SignedIn, error) {
	user, err := s.deps.Users.Find(ctx, principal.UserID)
	if err != nil {
		return SignedIn{}, fmt.Errorf("find user: %w", err)
	}
	if with.Factor == mfa.KindEmail {
		return SignedIn{}, core.InvalidField("factor", core.CodeNotAllowed, "Use the password, an app or a recovery code.")
	}
	catalogue, err := s.catalogue(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	standing, err := s.reserveSecond(ctx, lockout.SessionOf(principal.SessionID), user, nil)
	if err != nil {
		return SignedIn{}, err
	}
	proof, err := s.confirmIdentity(ctx, user, with, standing)
	factors := reproven(principal, with)
	if err != nil {
		return SignedIn{}, s.refuseConfirmation(ctx, principal, with, standing, err)
	}
	held, err := s.deps.Sessions.Prove(ctx, principal, factors, func(ctx context.Context) error {
		if with.Factor != "" {
			if err := s.deps.Factors.Use(ctx, user, proof); err != nil {
				return err
			}
		}
		if err := s.deps.Tries.Clear(ctx, standing.Counters); err != nil {
			return fmt.Errorf("clear tries: %w", err)
		}
		return s.deps.Trail.Record(ctx, audit.Event{
			Action: audit.ActionReauthenticate, Actor: user.ID, Subject: user.ID, SessionID: principal.SessionID,
			Metadata: map[string]string{"factor": strings.Join(factors, " ")},
		})
	})
	if err != nil {
		return SignedIn{}, err
	}
	return s.mint(user, held, catalogue)
}

// confirmIdentity looks at the proof. Nothing is used up yet.
func (s *Service) confirmIdentity(
	ctx context.Context, user account.User, with Confirmation, standing lockout.Standing,
) (mfa.Proof, error) {
	if with.Factor != "" {
		return s.checkSecond(ctx, user, verification.Flow{}, SecondStep{Factor: with.Factor, Code: with.Code}, standing)
	}
	hash := user.Password
	if !standing.Allowed {
		hash = "" // costs the same and matches nothing
	}
	match, _, err := credential.Verify(ctx, s.deps.Hasher, with.Password, hash)
	if err == nil && (!match || user.Status != account.StatusActive) {
		err = ErrInvalidCredentials
	}
	return mfa.Proof{}, err
}

// reproven are the factors of the session after the proof.
func reproven(principal core.Principal, with Confirmation) []string {
	switch {
	case with.Factor == "":
		return []string{FactorPassword}
	case slices.Contains(principal.Factors, FactorPassword):
		return combine([]string{FactorPassword}, with.Factor)
	}
	return []string{with.Factor.Method()}
}

// refuseConfirmation writes a wrong proof down. A fault was no guess.
func (s *Service) refuseConfirmation(
	ctx context.Context, principal core.Principal, with Confirmation, standing lockout.Standing, refusal error,
) error {
	if kind := core.AsError(refusal).Kind; kind != core.KindUnauthenticated && kind != core.KindInvalid {
		return s.giveBack(ctx, try{standing: standing}, refusal)
	}
	event := audit.Event{
		Action: audit.ActionReauthenticate, Outcome: audit.Failure, Reason: reasonPassword, Actor: principal.UserID,
		Subject: principal.UserID, SessionID: principal.SessionID, Metadata: map[string]string{"factor": FactorPassword},
	}
	if with.Factor != "" {
		event.Reason, event.Metadata = reasonCode, map[string]string{"factor": with.Factor.Method()}
	}
	if !standing.Allowed {
		event.Reason = reasonLocked
	}
	s.deps.Trail.Note(ctx, event)
	return refusal
}
