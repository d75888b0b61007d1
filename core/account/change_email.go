package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

const kindEmailChange = "email_change"

// emailChange is the payload of the intake, and address the detail of its flow. Session and Client are where the
// change was asked for.
type (
	emailChange struct {
		User    core.ID     `json:"user"`
		Address address     `json:"address"`
		Session core.ID     `json:"session"`
		Client  core.Client `json:"client"`
	}
	address struct {
		Email string `json:"email"`
		Key   string `json:"key"`
	}
)

// RequestEmailChange asks for a code to be sent to the caller's new address. It wants a recent proof of identity, with
// a strong second factor where the account has one: codes by email, and whoever resets the password, follow the
// address. The answer is the same whether the address is free or not; whoever has it is not told, for nothing of theirs
// was touched. Errors: core.CodeReauthentication, KindInvalid for the field "email".
func (s *Service) RequestEmailChange(
	ctx context.Context, principal core.Principal, email string,
) (verification.Receipt, error) {
	receipt, err := s.requestEmailChange(ctx, principal, email)
	return receipt, s.deps.Trail.Refuse(ctx, own(audit.ActionEmailChangeRequest, principal), err)
}

func (s *Service) requestEmailChange(
	ctx context.Context, principal core.Principal, email string,
) (verification.Receipt, error) {
	user, err := s.guarded(ctx, principal)
	if err != nil {
		return verification.Receipt{}, err
	}
	email, key, err := NormalizeEmail(email)
	if err != nil {
		return verification.Receipt{}, err
	}
	if user.EmailKey == key {
		return verification.Receipt{}, core.InvalidField("email", core.CodeNotAllowed, "This is your address already.")
	}
	return s.deps.Desk.Submit(ctx, kindEmailChange, emailChange{
		User: user.ID, Address: address{Email: email, Key: key},
		Session: principal.SessionID, Client: core.ClientFrom(ctx),
	})
}

// resolveEmailChange sends the code to the new address, and no link: the code is typed in where the change
// was asked for, by somebody signed in.
func (s *Service) resolveEmailChange(ctx context.Context, intake verification.Intake) error {
	var request emailChange
	if err := s.deps.Desk.Read(intake, &request); err != nil {
		return err
	}
	// The mailbox counts as well: many accounts together could else write to one.
	send, err := s.deps.Desk.MaySend(ctx, intake, verification.ForChange(request.User.String()),
		verification.Mailbox(request.Address.Key))
	if err != nil {
		return err
	}
	return s.deps.Desk.Resolve(ctx, intake, &request, func(ctx context.Context) error {
		// Written down before anything is known of the address: the caller reads it, and is to learn nothing.
		asked := own(audit.ActionEmailChangeRequest, core.Principal{UserID: request.User, SessionID: request.Session})
		if err := s.deps.Trail.Record(core.WithClient(ctx, request.Client), asked); err != nil {
			return err
		}
		// The failures that count belong to the new address as well: who guesses its code would else clear
		// them by proving an address of their own in between.
		purpose, subject := verification.PurposeEmailChange, request.User.String()+"/"+request.Address.Key
		if !send {
			return s.deps.Prover.Decoy(ctx, intake.ID, purpose, verification.Unsent(subject))
		}
		_, err := s.deps.Users.FindByIdentifier(ctx, Identifier{Kind: IdentifierEmail, Key: request.Address.Key})
		if err == nil {
			return s.deps.Prover.Decoy(ctx, intake.ID, purpose, subject)
		}
		if !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("find address: %w", err)
		}
		user, err := s.deps.Users.Find(ctx, request.User)
		if errors.Is(err, core.ErrNotFound) || err == nil && user.Status != StatusActive {
			return s.deps.Prover.Decoy(ctx, intake.ID, purpose, subject)
		}
		if err != nil {
			return fmt.Errorf("find user: %w", err)
		}
		return s.mailEmailCode(core.WithClient(ctx, request.Client), user, verification.Flow{
			ID: intake.ID, Purpose: purpose, Subject: subject, User: user.ID, Detail: request.Address.detail(),
		}, request.Address)
	})
}

func (s *Service) mailEmailCode(ctx context.Context, user User, flow verification.Flow, to address) error {
	code, expiresAt, err := s.deps.Prover.Code(ctx, flow)
	if err != nil {
		return err
	}
	// No name: the mailbox may be a stranger's, who is not to read what somebody made up.
	letter := s.letter(ctx, mail.KindEmailChange, User{Email: to.Email, Profile: Profile{Locale: user.Profile.Locale}})
	letter.Code, letter.ExpiresAt = code, expiresAt
	return s.deps.Post.Post(ctx, letter)
}

// ConfirmEmailChange makes the new address the caller's, by the code that was sent there. It wants the
// same proof as RequestEmailChange, and the verification must be the caller's own. The old address, if it was ever proven, is told
// and can undo the change for UndoWindow. Errors: core.CodeReauthentication, verification.ErrCode, and
// ErrEmailTaken when somebody else has proven the address meanwhile.
func (s *Service) ConfirmEmailChange(
	ctx context.Context, principal core.Principal, id core.ID, code string,
) (User, error) {
	user, err := s.confirmEmailChange(ctx, principal, id, code)
	return user, s.deps.Trail.Refuse(ctx, own(audit.ActionEmailChange, principal), err)
}

func (s *Service) confirmEmailChange(
	ctx context.Context, principal core.Principal, id core.ID, code string,
) (User, error) {
	if _, err := s.guarded(ctx, principal); err != nil {
		return User{}, err
	}
	// Another's verification is refused before a try is spent on it: its owner has only five.
	flow, err := s.deps.Prover.Flow(ctx, id)
	if err != nil {
		return User{}, err
	}
	if flow.User != principal.UserID {
		return User{}, verification.ErrCode
	}
	flow, err = s.deps.Prover.Try(ctx, id, verification.PurposeEmailChange, code)
	if err != nil {
		return User{}, err
	}
	var to address
	if err = to.read(flow.Detail); err != nil {
		return User{}, err
	}
	var user User
	err = core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) (changes []core.Change, err error) {
		user, changes, err = s.changeEmail(ctx, principal, flow, to)
		if err != nil {
			return nil, err
		}
		return changes, s.deps.Trail.Record(ctx, own(audit.ActionEmailChange, principal))
	})
	return user, err
}

// changeEmail writes the user before it spends the code, as everything here does: whoever locks that row
// goes on alone, and two proofs of one account never wait for each other.
func (s *Service) changeEmail(
	ctx context.Context, principal core.Principal, flow verification.Flow, to address,
) (User, []core.Change, error) {
	var before User
	user, saved, err := Edit(ctx, s.deps.Users, flow.User, func(user *User) error {
		if user.Status != StatusActive {
			return verification.ErrCode
		}
		// As they are now: a factor may have come meanwhile.
		if err := user.RequireStrongProof(principal, s.deps.Clock.Now(), s.config.RecentWindow); err != nil {
			return err
		}
		before = *user
		user.Email, user.EmailKey, user.EmailVerified = to.Email, to.Key, true
		user.UpdatedAt = s.deps.Clock.Now()
		return nil
	})
	if err != nil {
		return User{}, nil, err
	}
	if err = s.deps.Prover.Spend(ctx, flow); err != nil {
		return User{}, nil, err
	}
	if err = s.deps.Prover.KillSecrets(ctx, user.ID); err != nil {
		return User{}, nil, err
	}
	return user, []core.Change{saved}, s.mailUndo(ctx, before, to)
}

// mailUndo tells the old address and gives it the way back. An address that was never proven gets neither:
// it may have been a slip of the pen, and its true owner must not be handed somebody else's account.
func (s *Service) mailUndo(ctx context.Context, before User, to address) error {
	if !before.EmailVerified {
		return nil
	}
	link := verification.Link{
		Purpose: verification.PurposeEmailUndo, User: before.ID,
		Detail: address{Email: before.Email, Key: before.EmailKey}.detail(),
	}
	letter := s.letter(ctx, mail.KindEmailChanged, before)
	letter.Address = to.Email
	var err error
	letter.Token, letter.LinkExpiresAt, err = s.deps.Prover.Link(ctx, link, UndoWindow)
	if err != nil {
		return err
	}
	return s.deps.Post.Post(ctx, letter)
}

// detail is the address as a flow or link carries it.
func (a address) detail() []byte {
	text, _ := json.Marshal(a) // two strings always marshal
	return text
}

func (a *address) read(detail []byte) error {
	if err := json.Unmarshal(detail, a); err != nil {
		return core.Internal(fmt.Errorf("read address: %w", err))
	}
	return nil
}
