package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

const (
	kindResend   = "resend"
	kindResendTo = "resend_to"
)

// The sealed payloads of the intakes. Letters tell the client that asked.
type (
	resend struct {
		Verification core.ID     `json:"verification"`
		Client       core.Client `json:"client"`
	}
	resendTo struct {
		Identifier string      `json:"identifier"`
		Client     core.Client `json:"client"`
	}
)

// Resend asks for the code of a verification again. The receipt is the same whether the verification
// exists, is a decoy, or needs no code any more. The tries that were spent stay spent.
func (s *Service) Resend(ctx context.Context, id core.ID) (verification.Receipt, error) {
	return s.deps.Desk.SubmitAgain(ctx, id, kindResend, resend{Verification: id, Client: core.ClientFrom(ctx)})
}

// resolveResend renews the code in the same flow, where there is something left to prove and the flow's mailbox
// was not written to too often.
func (s *Service) resolveResend(ctx context.Context, intake verification.Intake) error {
	var request resend
	if err := s.deps.Desk.Read(intake, &request); err != nil {
		return err
	}
	send, err := s.mayRenew(ctx, intake, request.Verification)
	if err != nil {
		return err
	}
	return s.deps.Desk.Resolve(ctx, intake, &request, func(ctx context.Context) error {
		if !send {
			return nil
		}
		ctx = core.WithClient(ctx, request.Client)
		flow, err := s.deps.Prover.Flow(ctx, request.Verification)
		switch {
		case errors.Is(err, verification.ErrCode):
			return nil
		case err != nil:
			return fmt.Errorf("find flow: %w", err)
		case flow.Purpose == verification.PurposeRegistration && !flow.Registration.IsZero():
			return s.renewRegistration(ctx, flow)
		case flow.Purpose == verification.PurposeConfirmation && !flow.User.IsZero():
			return s.renewConfirmation(ctx, flow)
		}
		return nil
	})
}

// mayRenew counts a message of the flow and tells whether it may go.
func (s *Service) mayRenew(ctx context.Context, intake verification.Intake, id core.ID) (bool, error) {
	flow, err := s.deps.Prover.Flow(ctx, id)
	switch {
	case errors.Is(err, verification.ErrCode):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("find flow: %w", err)
	case !provesMailbox(flow.Purpose):
		return false, nil
	}
	return s.deps.Desk.MaySend(ctx, intake, flow.Subject)
}

func (s *Service) renewRegistration(ctx context.Context, flow verification.Flow) error {
	pending, err := s.deps.Registrations.Find(ctx, flow.Registration, s.deps.Clock.Now())
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find registration: %w", err)
	}
	return s.mailRegistration(ctx, flow, pending)
}

func (s *Service) renewConfirmation(ctx context.Context, flow verification.Flow) error {
	user, err := s.deps.Users.Find(ctx, flow.User)
	if err != nil {
		return fmt.Errorf("find user: %w", err) // a purged user takes the flow along
	}
	if user.EmailVerified || !mayReturn(user) {
		return nil
	}
	return s.mailConfirmation(ctx, flow, user)
}

func (s *Service) mailConfirmation(ctx context.Context, flow verification.Flow, user account.User) error {
	return s.mailProof(ctx, flow, s.letter(ctx, mail.KindConfirmation, user))
}

// ResendTo asks for a code for whom the identifier names. The receipt is that of a verification of its own,
// the same whether there is anybody to write to.
func (s *Service) ResendTo(ctx context.Context, identifier string) (verification.Receipt, error) {
	return s.deps.Desk.Submit(ctx, kindResendTo, resendTo{
		Identifier: account.ClipIdentifier(identifier), Client: core.ClientFrom(ctx),
	})
}

func (s *Service) resolveResendTo(ctx context.Context, intake verification.Intake) error {
	var request resendTo
	if err := s.deps.Desk.Read(intake, &request); err != nil {
		return err
	}
	identifier, _ := account.ParseIdentifier(request.Identifier)
	recipient, send, err := s.mayResend(ctx, intake, identifier)
	if err != nil {
		return err
	}
	return s.deps.Desk.Resolve(ctx, intake, &request, func(ctx context.Context) error {
		if !send {
			return s.unsent(ctx, intake.ID, recipient)
		}
		ctx = core.WithClient(ctx, request.Client)
		user, err := s.deps.Users.FindByIdentifier(ctx, identifier)
		switch {
		case errors.Is(err, core.ErrNotFound):
			return s.resendPending(ctx, intake.ID, identifier)
		case err != nil:
			return fmt.Errorf("find user: %w", err)
		case user.EmailVerified || !mayReturn(user):
			return s.decoy(ctx, intake.ID, user.EmailKey)
		}
		return s.mailConfirmation(ctx, verification.Flow{
			ID: intake.ID, Purpose: verification.PurposeConfirmation, Subject: user.ID.String(), User: user.ID,
		}, user)
	})
}

// mayResend is maySend for what is awaited; nothing else goes.
func (s *Service) mayResend(
	ctx context.Context, intake verification.Intake, identifier account.Identifier,
) (recipient string, send bool, err error) {
	awaited, err := s.awaited(ctx, identifier)
	if err != nil || !awaited {
		return verification.Mailbox(identifier.Key), false, err
	}
	return s.maySend(ctx, intake, identifier)
}

// awaited reports whether the identifier names a mailbox that waits to be proven. For others there is nothing to send, and
// nothing is counted: whoever asks for them could else use up the messages that are sent.
func (s *Service) awaited(ctx context.Context, identifier account.Identifier) (bool, error) {
	user, err := s.deps.Users.FindByIdentifier(ctx, identifier)
	switch {
	case err == nil:
		return !user.EmailVerified && mayReturn(user), nil
	case !errors.Is(err, core.ErrNotFound):
		return false, fmt.Errorf("find user: %w", err)
	case identifier.Kind != account.IdentifierEmail:
		return false, nil
	}
	pending, err := s.deps.Registrations.ByEmail(ctx, identifier.Key, s.deps.Clock.Now())
	if err != nil {
		return false, fmt.Errorf("list registrations: %w", err)
	}
	return len(pending) == 1, nil
}

// resendPending writes to an address that has one pending registration. Where there are several, nobody
// who merely knows the address can say which is theirs, and its owner, who reads the mail, could be led to
// prove the one that somebody else made with a password of their own: none gets a code this way. Whoever
// holds the verification's id can still have that one sent again.
func (s *Service) resendPending(ctx context.Context, id core.ID, identifier account.Identifier) error {
	if identifier.Kind != account.IdentifierEmail {
		return s.decoy(ctx, id, identifier.Key) // pending registrations have no claim to a username
	}
	pending, err := s.deps.Registrations.ByEmail(ctx, identifier.Key, s.deps.Clock.Now())
	if err != nil {
		return fmt.Errorf("list registrations: %w", err)
	}
	if len(pending) != 1 {
		return s.decoy(ctx, id, identifier.Key)
	}
	return s.mailRegistration(ctx, registrationFlow(id, pending[0]), pending[0])
}

func (s *Service) decoy(ctx context.Context, id core.ID, key string) error {
	return s.deps.Prover.Decoy(ctx, id, verification.PurposeRegistration, addressSubject(key))
}
