package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

const kindRegister = "register"

// registering is the sealed payload of the intake. The hash stands in it as text, for account.PasswordHash
// hides itself from every encoder.
type registering struct {
	Email       string          `json:"email"`
	EmailKey    string          `json:"email_key"`
	Username    string          `json:"username,omitempty"`
	UsernameKey string          `json:"username_key,omitempty"`
	Profile     account.Profile `json:"profile"`
	Password    string          `json:"password"`
	Client      core.Client     `json:"client"`
}

func sealed(pending account.Registration, client core.Client) registering {
	return registering{
		Email: pending.Email, EmailKey: pending.EmailKey,
		Username: pending.Username, UsernameKey: pending.UsernameKey,
		Profile: pending.Profile, Password: string(pending.Password), Client: client,
	}
}

// resolveRegister makes the registration wait for its proof. Where the address has an account already, its
// owner is told and the code that the client waits for does not exist. A registration for a mailbox that was
// written to often enough is dropped: what was sent there before stays good.
func (s *Service) resolveRegister(ctx context.Context, intake verification.Intake) error {
	var request registering
	if err := s.deps.Desk.Read(intake, &request); err != nil {
		return err
	}
	address := account.Identifier{Kind: account.IdentifierEmail, Key: request.EmailKey}
	recipient, send, err := s.maySend(ctx, intake, address)
	if err != nil {
		return err
	}
	return s.deps.Desk.Resolve(ctx, intake, &request, func(ctx context.Context) error {
		if !send {
			return s.unsent(ctx, intake.ID, recipient)
		}
		ctx = core.WithClient(ctx, request.Client)
		owner, err := s.deps.Users.FindByIdentifier(ctx, address)
		switch {
		case err == nil:
			return s.mention(ctx, intake.ID, owner)
		case !errors.Is(err, core.ErrNotFound):
			return fmt.Errorf("find address: %w", err)
		}
		now := s.deps.Clock.Now()
		pending := account.Registration{
			ID:    intake.ID,
			Email: request.Email, EmailKey: request.EmailKey,
			Username: request.Username, UsernameKey: request.UsernameKey,
			Profile: request.Profile, Password: account.PasswordHash(request.Password),
			CreatedAt: now, ExpiresAt: now.Add(s.config.RegistrationTTL),
		}
		if err := s.deps.Registrations.Put(ctx, pending); err != nil {
			return fmt.Errorf("put registration: %w", err)
		}
		if err := s.deps.Trail.Record(ctx, audit.Event{Action: audit.ActionRegister}); err != nil {
			return err
		}
		return s.mailRegistration(ctx, registrationFlow(intake.ID, pending), pending)
	})
}

// maySend counts a message to the account of the identifier, or to the identifier itself where it has none, and
// tells whether it may go.
func (s *Service) maySend(
	ctx context.Context, intake verification.Intake, identifier account.Identifier,
) (recipient string, send bool, err error) {
	if recipient, err = account.Recipient(ctx, s.deps.Users, identifier); err != nil {
		return "", false, err
	}
	send, err = s.deps.Desk.MaySend(ctx, intake, recipient)
	return recipient, send, err
}

// unsent stands in for a message that was one too many.
func (s *Service) unsent(ctx context.Context, id core.ID, recipient string) error {
	return s.deps.Prover.Decoy(ctx, id, verification.PurposeRegistration, verification.Unsent(recipient))
}

// registrationFlow proves the registration under a verification's id: its own, or that of a later request.
func registrationFlow(id core.ID, pending account.Registration) verification.Flow {
	return verification.Flow{
		ID: id, Purpose: verification.PurposeRegistration,
		Subject: addressSubject(pending.EmailKey), Registration: pending.ID,
	}
}

// addressSubject groups the flows of an address without an account, and their decoys.
func addressSubject(emailKey string) string { return verification.Mailbox(emailKey) }

// mention tells the owner of an address that somebody has registered with it. One whose account is
// suspended or deleted is not written to: a sign-in, to which the letter leads, is not open to them.
func (s *Service) mention(ctx context.Context, id core.ID, owner account.User) error {
	err := s.deps.Trail.Record(ctx, audit.Event{
		Action: audit.ActionRegister, Outcome: audit.Refused, Reason: string(core.CodeEmailTaken), Subject: owner.ID,
	})
	if err == nil {
		err = s.deps.Prover.Decoy(ctx, id, verification.PurposeRegistration, addressSubject(owner.EmailKey))
	}
	if err != nil || !mayReturn(owner) {
		return err
	}
	return s.deps.Post.Post(ctx, s.letter(ctx, mail.KindAlreadyRegistered, owner))
}

// mayReturn reports whether a sign-in is open to the account.
func mayReturn(user account.User) bool {
	return user.Status == account.StatusActive || user.Status == account.StatusDeactivated
}

// mailRegistration sends code and link of a pending registration. The letter greets nobody by name: the
// mailbox may be a stranger's, who is not to read what somebody made up.
func (s *Service) mailRegistration(ctx context.Context, flow verification.Flow, pending account.Registration) error {
	nobody := account.User{Email: pending.Email, Profile: account.Profile{Locale: pending.Profile.Locale}}
	return s.mailProof(ctx, flow, s.letter(ctx, mail.KindRegistration, nobody))
}

// mailProof starts or renews the flow and sends its code, with a link beside it. A flow whose tries are
// used up would refuse the code: its letter has the link alone.
func (s *Service) mailProof(ctx context.Context, flow verification.Flow, letter mail.Letter) (err error) {
	if flow.Tries < verification.MaxTries {
		letter.Code, letter.ExpiresAt, err = s.deps.Prover.Code(ctx, flow)
	}
	if err != nil {
		return err
	}
	letter.Token, letter.LinkExpiresAt, err = s.deps.Prover.Link(ctx, verification.Link{
		Purpose: flow.Purpose, Registration: flow.Registration, User: flow.User, Flow: flow.ID,
	}, s.config.RegistrationTTL)
	if err != nil {
		return err
	}
	return s.deps.Post.Post(ctx, letter)
}

func (s *Service) letter(ctx context.Context, kind mail.Kind, user account.User) mail.Letter {
	return account.NewLetter(kind, user, s.deps.Origins.Of(ctx), s.deps.Clock.Now())
}
