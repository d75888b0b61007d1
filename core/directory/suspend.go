package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

// Suspend keeps a person from signing in until somebody restores the account, ends all of their sessions and tells them
// by mail. It wants a reason: KindInvalid for the field "reason". core.ErrConflict when the account is suspended already
// or deleted; account.ErrLastOwner; and those of access.Warden.Permit.
func (s *Service) Suspend(ctx context.Context, by By, id core.ID) (suspended account.User, err error) {
	if by.reason == "" {
		return account.User{}, core.InvalidField("reason", core.CodeRequired, "A suspension wants a reason.")
	}
	err = s.act(ctx, by, id, act{
		action: audit.ActionUserSuspend, needs: access.UsersSuspend,
		do: func(ctx context.Context, user account.User, _ *audit.Event) ([]core.Change, error) {
			if err := s.deps.Warden.SpareLastOwner(ctx, user); err != nil {
				return nil, err
			}
			var saved core.Change
			suspended, saved, err = s.edit(ctx, id, usable, func(user *account.User) error {
				user.Status = account.StatusSuspended
				return nil
			})
			if err != nil {
				return nil, err
			}
			ended, err := s.deps.Sessions.EndAll(ctx, id, core.ID{}, account.EndSuspended)
			if err != nil {
				return nil, err
			}
			return append(ended, saved), s.deps.Post.Post(ctx, s.letter(mail.KindSuspended, suspended))
		},
	})
	return suspended, err
}

// errRestore is the same whatever the account is: which permission was missing would tell who may nothing that it is deleted.
var errRestore = core.NewError(core.KindForbidden, core.CodeForbidden,
	"This needs the permission users.suspend, or users.delete where the account is deleted.")

// Restore brings back a suspended account, for which it wants access.UsersSuspend, or a deleted one within its grace,
// for which it wants access.UsersDelete, and tells the person by mail. The account is active then. core.ErrConflict when
// it is neither, and those of access.Warden.Permit.
func (s *Service) Restore(ctx context.Context, by By, id core.ID) (restored account.User, err error) {
	needs, kind := access.UsersSuspend, mail.KindReinstated
	before, err := s.deps.Users.Find(ctx, id)
	switch {
	case err != nil && !errors.Is(err, core.ErrNotFound): // who is not there is judged below, as everywhere
		return account.User{}, fmt.Errorf("find user: %w", err)
	case before.Status == account.StatusDeleted:
		needs, kind = access.UsersDelete, mail.KindRestored
	}
	err = s.act(ctx, by, id, act{
		action: audit.ActionUserRestore, needs: needs, lacking: errRestore,
		do: func(ctx context.Context, _ account.User, event *audit.Event) ([]core.Change, error) {
			event.Metadata["from"] = string(before.Status)
			var saved core.Change
			restored, saved, err = s.edit(ctx, id, []account.Status{before.Status}, s.revive)
			if err != nil {
				return nil, err
			}
			if err := s.deps.Prover.Kill(ctx, id, verification.PurposeRestore); err != nil {
				return nil, err
			}
			return []core.Change{saved}, s.deps.Post.Post(ctx, s.letter(kind, restored))
		},
	})
	return restored, err
}

func (s *Service) revive(user *account.User) error {
	gone := user.Status == account.StatusDeleted && !user.UpdatedAt.Before(user.PurgeAt)
	if gone || user.Status != account.StatusDeleted && user.Status != account.StatusSuspended {
		return core.ErrConflict
	}
	user.Revive(user.UpdatedAt)
	return nil
}

// Delete deletes an account as its owner would: it is signed out everywhere and kept for the grace, within which the
// link that is mailed brings it back. The link of an account that was suspended is left out, and deleting it wants
// access.UsersSuspend as well, for nobody remembers the suspension when it comes back. core.ErrConflict when it is
// deleted already; account.ErrLastOwner; and those of access.Warden.Permit.
func (s *Service) Delete(ctx context.Context, by By, id core.ID) (deleted account.User, err error) {
	err = s.act(ctx, by, id, act{
		action: audit.ActionUserDelete, needs: access.UsersDelete,
		do: func(ctx context.Context, user account.User, _ *audit.Event) ([]core.Change, error) {
			if err := s.mayDelete(ctx, by, user); err != nil {
				return nil, err
			}
			var saved core.Change
			deleted, saved, err = s.edit(ctx, id, kept, func(user *account.User) error {
				user.Bury(user.UpdatedAt, s.config.DeletionGrace)
				return nil
			})
			if err != nil {
				return nil, err
			}
			ended, err := s.shut(ctx, id, account.EndDeleted)
			if err != nil {
				return nil, err
			}
			return append(ended, saved), s.tellDeleted(ctx, deleted, user.Status)
		},
	})
	return deleted, err
}

func (s *Service) mayDelete(ctx context.Context, by By, user account.User) error {
	if user.Status == account.StatusSuspended && !by.operator {
		if _, err := s.deps.Warden.Permit(ctx, by.caller, access.Act{Any: access.UsersSuspend}, user.ID); err != nil {
			return err
		}
	}
	return s.deps.Warden.SpareLastOwner(ctx, user)
}

// tellDeleted mails the link that brings the account back. Those of an earlier deletion die.
func (s *Service) tellDeleted(ctx context.Context, user account.User, before account.Status) error {
	if err := s.deps.Prover.Kill(ctx, user.ID, verification.PurposeRestore); err != nil {
		return err
	}
	if before == account.StatusSuspended {
		return s.deps.Post.Post(ctx, s.letter(mail.KindDeleted, user))
	}
	return s.mailLink(ctx, mail.KindDeleted, user, verification.PurposeRestore, s.config.DeletionGrace)
}

// shut ends all by which somebody is in an account or could get there without its password: sessions, devices, tokens,
// codes and links.
func (s *Service) shut(ctx context.Context, id core.ID, reason account.EndReason) ([]core.Change, error) {
	if err := s.deps.Prover.KillSecrets(ctx, id); err != nil {
		return nil, err
	}
	if err := s.deps.Devices.ForgetAll(ctx, id); err != nil {
		return nil, err
	}
	if err := s.deps.Tokens.RemoveAll(ctx, id); err != nil {
		return nil, err
	}
	return s.deps.Sessions.EndAll(ctx, id, core.ID{}, reason)
}
