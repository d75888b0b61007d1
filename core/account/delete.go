package account

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

// ErrLastOwner keeps a deployment from being left without anybody who may run it.
var ErrLastOwner = core.NewError(core.KindConflict, core.CodeLastOwner, "The last owner cannot leave.")

// Delete deletes the caller's account and ends all their sessions. It wants a recent sign-in. Until PurgeAt
// of the user returned, the account is kept, its email and username stay taken, and the link that is mailed
// to the owner brings it back. Errors: core.CodeReauthentication, ErrLastOwner.
func (s *Service) Delete(ctx context.Context, principal core.Principal) (User, error) {
	deleted, err := s.delete(ctx, principal)
	return deleted, s.deps.Trail.Refuse(ctx, own(audit.ActionDelete, principal), err)
}

func (s *Service) delete(ctx context.Context, principal core.Principal) (User, error) {
	if err := s.recent(ctx, principal); err != nil {
		return User{}, err
	}
	var deleted User
	err := core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		user, changes, err := s.retire(ctx, principal.UserID, EndDeleted, func(user *User) error {
			return s.markDeleted(ctx, user)
		})
		if err != nil {
			return nil, err
		}
		deleted = user
		if err := s.deps.Prover.KillSecrets(ctx, user.ID); err != nil {
			return nil, err
		}
		if err := s.deps.Devices.ForgetAll(ctx, user.ID); err != nil {
			return nil, err
		}
		if err := s.deps.Tokens.RemoveAll(ctx, user.ID); err != nil {
			return nil, err
		}
		if err := s.deps.Trail.Record(ctx, own(audit.ActionDelete, principal)); err != nil {
			return nil, err
		}
		return changes, s.mailRestore(ctx, user)
	})
	return deleted, err
}

func (s *Service) markDeleted(ctx context.Context, user *User) error {
	user.Bury(user.UpdatedAt, s.config.DeletionGrace)
	return s.spareLastOwner(ctx, user)
}

// spareLastOwner refuses to let the only active owner go. Call it in the transaction that does so.
func (s *Service) spareLastOwner(ctx context.Context, user *User) error {
	if !user.HasRole(RoleOwner) {
		return nil
	}
	others, err := s.deps.Users.CountOwners(ctx, user.ID)
	if err == nil && others == 0 {
		err = ErrLastOwner
	}
	return err
}

// Bury marks the account as deleted, to be purged after the grace.
func (u *User) Bury(now time.Time, grace time.Duration) {
	u.Status = StatusDeleted
	u.DeletedAt, u.UpdatedAt, u.PurgeAt = now, now, now.Add(grace)
}

// mailRestore sends the link that brings the account back while it is kept. Links of an earlier deletion,
// which may lie in another mailbox, die.
func (s *Service) mailRestore(ctx context.Context, user User) error {
	if err := s.deps.Prover.Kill(ctx, user.ID, verification.PurposeRestore); err != nil {
		return err
	}
	link := verification.Link{Purpose: verification.PurposeRestore, User: user.ID}
	letter := s.letter(ctx, mail.KindDeleted, user)
	var err error
	letter.Token, letter.LinkExpiresAt, err = s.deps.Prover.Link(ctx, link, s.config.DeletionGrace)
	if err != nil {
		return err
	}
	return s.deps.Post.Post(ctx, letter)
}

// Restore brings a deleted account back, by the token of the mail that told of its deletion. It signs
// nobody in. verification.ErrLink, also when the account is not deleted or its grace is over.
func (s *Service) Restore(ctx context.Context, token string) error {
	link, err := s.deps.Prover.Peek(ctx, token, verification.PurposeRestore)
	if err == nil {
		err = s.restore(ctx, link, token)
	}
	return s.deps.Trail.Refuse(ctx, audit.Event{Action: audit.ActionRestore, Subject: link.User}, err)
}

func (s *Service) restore(ctx context.Context, link verification.Link, token string) error {
	return core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		user, saved, err := Edit(ctx, s.deps.Users, link.User, func(user *User) error {
			now := s.deps.Clock.Now()
			if user.Status != StatusDeleted || !now.Before(user.PurgeAt) {
				return verification.ErrLink
			}
			user.Revive(now)
			return nil
		})
		if err != nil {
			return nil, lapsed(err)
		}
		if _, err = s.deps.Prover.Follow(ctx, token, verification.PurposeRestore); err != nil {
			return nil, err
		}
		if err = s.deps.Trail.Record(ctx, proven(audit.ActionRestore, user.ID)); err != nil {
			return nil, err
		}
		return []core.Change{saved}, s.deps.Post.Post(ctx, s.letter(ctx, mail.KindRestored, user))
	})
}

// Revive takes a deletion back. The account is active then, whatever it was before: only active ones are
// deleted by their owners.
func (u *User) Revive(now time.Time) {
	u.Status = StatusActive
	u.DeletedAt, u.PurgeAt = time.Time{}, time.Time{}
	u.UpdatedAt = now
}
