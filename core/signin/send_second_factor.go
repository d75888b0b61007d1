package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/verification"
)

// maxSent is how many codes are mailed for one challenge: more would be a way to flood a mailbox.
const maxSent = 3

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
	if letter.Code, letter.ExpiresAt, err = s.deps.Prover.Recode(ctx, flow); err != nil {
		return err
	}
	return s.deps.Post.Post(ctx, letter)
}
