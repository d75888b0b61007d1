package account

import (
	"context"
	"errors"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

// UndoEmailChange takes an email change back by the token that was mailed to the old address: the address
// is restored, all sessions, codes and reset links end, all devices are forgotten, personal access tokens are gone, and the password counts only once it has been
// reset, for whoever changed the address may know it. Second factors that were added since are removed, and all
// recovery codes, which may be in the same hands. An account that was deleted after the change is
// brought back as well.
//
// Undo links that are older than this one stay good, those of later changes die: a thief who changes the
// address twice gains a link of their own, and must not be able to use it against the first.
//
// Errors: verification.ErrLink; ErrEmailTaken when somebody else has opened an account under the old
// address meanwhile. That takes the mailbox in which this link lies (unless the deployment does not verify
// addresses), so it is told plainly, nothing changes, and the link stays good.
func (s *Service) UndoEmailChange(ctx context.Context, token string) error {
	link, err := s.deps.Prover.Peek(ctx, token, verification.PurposeEmailUndo)
	if err == nil {
		err = s.undoEmail(ctx, link, token)
	}
	return s.deps.Trail.Refuse(ctx, audit.Event{Action: audit.ActionEmailUndo, Subject: link.User}, err)
}

func (s *Service) undoEmail(ctx context.Context, link verification.Link, token string) error {
	return core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		user, saved, err := s.restoreEmail(ctx, link)
		if err != nil {
			return nil, lapsed(err)
		}
		if _, err = s.deps.Prover.Follow(ctx, token, verification.PurposeEmailUndo); err != nil {
			return nil, err
		}
		if err = s.deps.Prover.KillSecrets(ctx, user.ID); err != nil {
			return nil, err
		}
		if err = s.deps.Devices.ForgetAll(ctx, user.ID); err != nil {
			return nil, err
		}
		if err = s.deps.Tokens.RemoveAll(ctx, user.ID); err != nil {
			return nil, err
		}
		if err = s.deps.Prover.KillSince(ctx, link); err != nil {
			return nil, err
		}
		if err = s.deps.Factors.RemoveSince(ctx, user.ID, link.CreatedAt); err != nil {
			return nil, err
		}
		ended, err := s.deps.Sessions.EndAll(ctx, user.ID, core.ID{}, EndEmail)
		if err != nil {
			return nil, err
		}
		if err = s.deps.Trail.Record(ctx, proven(audit.ActionEmailUndo, user.ID)); err != nil {
			return nil, err
		}
		return append(ended, saved), s.deps.Post.Post(ctx, s.letter(ctx, mail.KindEmailChangeUndone, user))
	})
}

func (s *Service) restoreEmail(ctx context.Context, link verification.Link) (User, core.Change, error) {
	var old address
	if err := old.read(link.Detail); err != nil {
		return User{}, core.Change{}, err
	}
	return Edit(ctx, s.deps.Users, link.User, func(user *User) error {
		user.UpdatedAt = s.deps.Clock.Now()
		if user.Status == StatusDeleted && user.DeletedAt.After(link.CreatedAt) {
			user.Revive(user.UpdatedAt)
		}
		user.Email, user.EmailKey, user.EmailVerified = old.Email, old.Key, true
		user.MustReset = true
		return nil
	})
}

// lapsed answers a link whose user is purged at this very moment like one that is not good any more.
func lapsed(err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return verification.ErrLink
	}
	return err
}
