package account

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
)

// Deactivate closes the caller's account until they sign in again, ends all their sessions and tells them
// by mail. Somebody always owns the deployment: ErrLastOwner.
func (s *Service) Deactivate(ctx context.Context, principal core.Principal) error {
	event := own(audit.ActionDeactivate, principal)
	err := core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		user, changes, err := s.retire(ctx, principal.UserID, EndDeactivated, func(user *User) error {
			user.Status = StatusDeactivated
			return s.spareLastOwner(ctx, user)
		})
		if err != nil {
			return nil, err
		}
		if err = s.deps.Trail.Record(ctx, event); err != nil {
			return nil, err
		}
		return changes, s.deps.Post.Post(ctx, s.letter(ctx, mail.KindDeactivated, user))
	})
	return s.deps.Trail.Refuse(ctx, event, err)
}

// retire takes an active user out of use and ends their sessions, in ctx's transaction. change may run
// several times. core.ErrConflict when the user is no longer active.
func (s *Service) retire(
	ctx context.Context, id core.ID, reason EndReason, change func(user *User) error,
) (User, []core.Change, error) {
	user, saved, err := Edit(ctx, s.deps.Users, id, func(user *User) error {
		if user.Status != StatusActive {
			return core.ErrConflict
		}
		user.UpdatedAt = s.deps.Clock.Now()
		return change(user)
	})
	if err != nil {
		return User{}, nil, err
	}
	ended, err := s.deps.Sessions.EndAll(ctx, id, core.ID{}, reason)
	return user, append(ended, saved), err
}

func (s *Service) letter(ctx context.Context, kind mail.Kind, user User) mail.Letter {
	return NewLetter(kind, user, s.deps.Origins.Of(ctx), s.deps.Clock.Now())
}
