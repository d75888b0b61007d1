package credential

import (
	"context"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

// CheckReset tells whether the token of a reset mail can still be used, without using it.
// verification.ErrLink.
func (s *Service) CheckReset(ctx context.Context, token string) error {
	_, err := s.deps.Prover.Peek(ctx, token, verification.PurposePasswordReset)
	return err
}

// ResetRequest is a new password with the proof that permits it: Token, or where that is empty
// VerificationID and Code.
type ResetRequest struct {
	Token          string
	VerificationID core.ID
	Code           string
	NewPassword    string
}

// Reset sets a new password. It proves the mailbox as well, ends all sessions and all other codes and
// links, forgets all devices, lifts locks and the bar of MustReset, and tells the owner by mail. It never signs in.
//
// What can be said of the password alone is said before a try or the link is spent on it. Errors:
// KindInvalid for the field "new_password", verification.ErrLink, verification.ErrCode.
func (s *Service) Reset(ctx context.Context, request ResetRequest) error {
	event := audit.Event{Action: audit.ActionPasswordReset, Metadata: map[string]string{"proof": "code"}}
	if request.Token != "" {
		event.Metadata["proof"] = "link"
	}
	return s.deps.Trail.Refuse(ctx, event, s.reset(ctx, request, event))
}

func (s *Service) reset(ctx context.Context, request ResetRequest, event audit.Event) error {
	if err := s.checkFresh(ctx, request.NewPassword); err != nil {
		return err
	}
	proof, err := s.prove(ctx, request)
	if err != nil {
		return err
	}
	user, err := s.deps.Users.Find(ctx, proof.user)
	if err != nil {
		return proof.refuse(err)
	}
	if err = s.checkKnown(request.NewPassword, user); err != nil {
		return err
	}
	hash, err := Hash(ctx, s.deps.Hasher, request.NewPassword)
	if err != nil {
		return err
	}
	return core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		changes, err := s.replace(ctx, user.ID, core.ID{}, proof.spend, func(user *account.User) error {
			if user.Status != account.StatusActive && user.Status != account.StatusDeactivated {
				return core.ErrNotFound
			}
			user.Password, user.EmailVerified, user.MustReset = hash, true, false
			return nil
		})
		if err != nil {
			return nil, proof.refuse(err)
		}
		if err = s.deps.Tokens.RemoveAll(ctx, user.ID); err != nil {
			return nil, fmt.Errorf("remove tokens: %w", err)
		}
		if err = s.deps.Tries.Clear(ctx, lockout.Of(user.ID)...); err != nil {
			return nil, fmt.Errorf("clear tries: %w", err)
		}
		event.Actor, event.Subject = user.ID, user.ID
		return changes, s.deps.Trail.Record(ctx, event)
	})
}

// proof is what permits a reset: whose it is, how it is used up, and how its failures are answered.
type proof struct {
	user   core.ID
	spend  func(ctx context.Context) error
	answer *core.Error
}

// refuse answers a proof whose user is gone like one that is not good any more.
func (p proof) refuse(err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return p.answer
	}
	return err
}

func (s *Service) prove(ctx context.Context, request ResetRequest) (proof, error) {
	const purpose = verification.PurposePasswordReset
	if request.Token != "" {
		link, err := s.deps.Prover.Peek(ctx, request.Token, purpose)
		return proof{user: link.User, answer: verification.ErrLink, spend: func(ctx context.Context) error {
			_, gone := s.deps.Prover.Follow(ctx, request.Token, purpose)
			return gone
		}}, err
	}
	flow, err := s.deps.Prover.Try(ctx, request.VerificationID, purpose, request.Code)
	return proof{user: flow.User, answer: verification.ErrCode, spend: func(ctx context.Context) error {
		return s.deps.Prover.Spend(ctx, flow)
	}}, err
}

// replace saves what change makes of the user as a change of password, in ctx's transaction: what permits it
// is spent, sessions other than except end, codes and links die, devices are forgotten, and the owner is told. The user comes
// first: whoever locks that row goes on alone, and two proofs of one account never wait for each other.
func (s *Service) replace(
	ctx context.Context, id, except core.ID, spend func(ctx context.Context) error, change func(user *account.User) error,
) ([]core.Change, error) {
	user, saved, err := account.Edit(ctx, s.deps.Users, id, func(user *account.User) error {
		if err := change(user); err != nil {
			return err
		}
		user.UpdatedAt = s.deps.Clock.Now()
		user.PasswordChangedAt = user.UpdatedAt
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err = spend(ctx); err != nil {
		return nil, err
	}
	if err = s.deps.Prover.KillSecrets(ctx, id); err != nil {
		return nil, err
	}
	if err = s.deps.Devices.ForgetAll(ctx, id); err != nil {
		return nil, fmt.Errorf("forget devices: %w", err)
	}
	ended, err := s.deps.Sessions.EndAll(ctx, id, except, account.EndPassword)
	if err != nil {
		return nil, fmt.Errorf("end sessions: %w", err)
	}
	return append(ended, saved), s.deps.Post.Post(ctx, s.letter(ctx, mail.KindPasswordChanged, user))
}
