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
// owner is told and the code that the client waits for does not exist.
func (s *Service) resolveRegister(ctx context.Context, intake verification.Intake) error {
	var request registering
	return s.deps.Desk.Resolve(ctx, intake, &request, func(ctx context.Context) error {
		address := account.Identifier{Kind: account.IdentifierEmail, Key: request.EmailKey}
		owner, err := s.deps.Users.FindByIdentifier(ctx, address)
		switch {
		case err == nil:
			return s.mention(core.WithClient(ctx, request.Client), intake.ID, owner)
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
		return s.mailRegistration(ctx, registrationFlow(intake.ID, pending), pending)
	})
}

// registrationFlow proves the registration under a verification's id: its own, or that of a later request.
func registrationFlow(id core.ID, pending account.Registration) verification.Flow {
	return verification.Flow{
		ID: id, Purpose: verification.PurposeRegistration,
		Subject: addressSubject(pending.EmailKey), Registration: pending.ID,
	}
}

// addressSubject groups the flows of an address without an account, and their decoys.
func addressSubject(emailKey string) string { return "address/" + emailKey }

// mention tells the owner of an address that somebody has registered with it. One whose account is
// suspended or deleted is not written to: a sign-in, to which the letter leads, is not open to them.
func (s *Service) mention(ctx context.Context, id core.ID, owner account.User) error {
	err := s.deps.Prover.Decoy(ctx, id, verification.PurposeRegistration, addressSubject(owner.EmailKey))
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
	return s.mailProof(ctx, flow, mail.Letter{
		Kind: mail.KindRegistration, To: pending.Email, Locale: pending.Profile.Locale,
	})
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
