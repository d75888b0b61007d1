package credential

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

const kindForgot = "forgot"

// forgot is the sealed payload of the intake. Where the request came from is told in the mail.
type forgot struct {
	Identifier string      `json:"identifier"`
	Client     core.Client `json:"client"`
}

// Forgot asks for a reset of the password of whom the identifier names. The answer and the work are the
// same for everybody: one intake, which a worker resolves.
func (s *Service) Forgot(ctx context.Context, identifier string) (verification.Receipt, error) {
	return s.deps.Desk.Submit(ctx, kindForgot, forgot{
		Identifier: account.ClipIdentifier(identifier), Client: core.ClientFrom(ctx),
	})
}

// resolveForgot mails a code and a link to an account that may use them, and starts a decoy for everybody else,
// as well as where it was written to often enough. A deactivated account counts: signing in is how it comes
// back. A suspended or deleted one does not.
func (s *Service) resolveForgot(ctx context.Context, intake verification.Intake) error {
	var request forgot
	if err := s.deps.Desk.Read(intake, &request); err != nil {
		return err
	}
	identifier, ok := account.ParseIdentifier(request.Identifier)
	recipient, err := account.Recipient(ctx, s.deps.Users, identifier)
	if err != nil {
		return err
	}
	send, err := s.deps.Desk.MaySend(ctx, intake, verification.ForReset(recipient))
	if err != nil {
		return err
	}
	return s.deps.Desk.Resolve(ctx, intake, &request, func(ctx context.Context) error {
		if !send {
			return s.deps.Prover.Decoy(ctx, intake.ID, verification.PurposePasswordReset, verification.Unsent(recipient))
		}
		user, err := account.User{}, error(core.ErrNotFound)
		if ok {
			user, err = s.deps.Users.FindByIdentifier(ctx, identifier)
		}
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("find user: %w", err)
		}
		ctx = core.WithClient(ctx, request.Client)
		event := audit.Event{Action: audit.ActionPasswordForgot, Subject: user.ID}
		usable := err == nil && (user.Status == account.StatusActive || user.Status == account.StatusDeactivated)
		if !usable {
			event.Outcome, event.Reason = audit.Refused, string(core.CodeNotFound)
		}
		if err := s.deps.Trail.Record(ctx, event); err != nil {
			return err
		}
		if !usable {
			return s.deps.Prover.Decoy(ctx, intake.ID, verification.PurposePasswordReset, "unknown/"+identifier.Key)
		}
		return s.mailReset(ctx, intake.ID, user)
	})
}

func (s *Service) mailReset(ctx context.Context, id core.ID, user account.User) error {
	letter := s.letter(ctx, mail.KindPasswordReset, user)
	var err error
	letter.Code, letter.ExpiresAt, err = s.deps.Prover.Code(ctx, verification.Flow{
		ID: id, Purpose: verification.PurposePasswordReset, Subject: user.ID.String(), User: user.ID,
	})
	if err != nil {
		return err
	}
	letter.Token, letter.LinkExpiresAt, err = s.deps.Prover.Link(ctx, verification.Link{
		Purpose: verification.PurposePasswordReset, User: user.ID, Flow: id,
	}, s.config.ResetLinkTTL)
	if err != nil {
		return err
	}
	return s.deps.Post.Post(ctx, letter)
}

func (s *Service) letter(ctx context.Context, kind mail.Kind, user account.User) mail.Letter {
	return account.NewLetter(kind, user, s.deps.Origins.Of(ctx), s.deps.Clock.Now())
}
