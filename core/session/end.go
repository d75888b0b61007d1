package session

import (
	"context"
	"errors"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// SignOut ends the caller's own session on every replica. Signing out twice is no error.
func (s *Service) SignOut(ctx context.Context, caller core.Principal) error {
	return s.signOut(ctx, caller.UserID, caller.SessionID)
}

// EndByRefreshToken signs out from a refresh token alone. Any genuine token of the session will do, also an
// old one: who holds it may end the session, though no longer refresh it. A session that is over or gone is
// no error. ErrReference for a token that is not genuine.
func (s *Service) EndByRefreshToken(ctx context.Context, raw string) error {
	token, err := s.deps.References.Read(raw)
	if err != nil {
		return err
	}
	row, err := s.deps.Store.Find(ctx, token.SessionID)
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.signOut(ctx, row.UserID, row.ID)
}

func (s *Service) signOut(ctx context.Context, user, id core.ID) error {
	err := s.end(ctx, user, id, EndSignedOut, audit.Event{Action: audit.ActionSignOut})
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}

// End ends one of the caller's sessions on every replica. core.ErrNotFound when the caller has no such live
// session.
func (s *Service) End(ctx context.Context, caller core.Principal, id core.ID) error {
	if id == caller.SessionID {
		return s.end(ctx, caller.UserID, id, EndSignedOut, audit.Event{Action: audit.ActionSignOut})
	}
	return s.end(ctx, caller.UserID, id, EndRevoked, audit.Event{
		Action: audit.ActionEnd, Metadata: map[string]string{"by": caller.SessionID.String()},
	})
}

// end ends a session of the user, who is the one that acts.
func (s *Service) end(ctx context.Context, user, id core.ID, reason EndReason, event audit.Event) error {
	event.Reason, event.Actor, event.Subject, event.SessionID = string(reason), user, user, id
	change, err := s.deps.Ender.End(ctx, user, id, reason, s.deps.Clock.Now(), s.deps.Trail.Event(ctx, event))
	if err != nil {
		return err
	}
	s.ended(ctx, reason, change)
	return nil
}

// EndOthers ends all of the caller's sessions but the one that calls, on every replica, and tells how many.
func (s *Service) EndOthers(ctx context.Context, caller core.Principal) (int, error) {
	changes, err := s.endAll(ctx, caller.UserID, caller.SessionID, EndRevoked, audit.Event{
		Actor: caller.UserID, SessionID: caller.SessionID,
	})
	if err != nil {
		return 0, err
	}
	s.deps.Announcer.Announce(ctx, changes...)
	return len(changes), nil
}

// EndAll ends the user's sessions other than except (zero: all) in ctx's transaction and gives the changes,
// for use cases that end sessions as part of something larger. They announce the changes once the
// transaction has committed. Each run of a transaction that is retried or rolled back is counted.
func (s *Service) EndAll(ctx context.Context, user, except core.ID, reason EndReason) ([]core.Change, error) {
	return s.endAll(ctx, user, except, reason, audit.Event{ActorKind: audit.System, SessionID: except})
}

// EndFor ends one live session of the user, or all of them where id is zero, in ctx's transaction, for somebody who
// administers the account: they write it down, and announce the changes once the transaction has committed.
// core.ErrNotFound when the user has no such live session.
func (s *Service) EndFor(ctx context.Context, user, id core.ID, reason EndReason) (changes []core.Change, err error) {
	if now := s.deps.Clock.Now(); id.IsZero() {
		changes, err = s.deps.Ender.EndAll(ctx, user, core.ID{}, reason, now)
	} else {
		var change core.Change
		change, err = s.deps.Ender.End(ctx, user, id, reason, now)
		changes = []core.Change{change}
	}
	if err != nil {
		return nil, err
	}
	if len(changes) > 0 {
		s.deps.Observer.Ended(reason, len(changes))
	}
	return changes, nil
}

// endAll writes one event, however many sessions end.
func (s *Service) endAll(
	ctx context.Context, user, except core.ID, reason EndReason, event audit.Event,
) ([]core.Change, error) {
	event.Action, event.Reason, event.Subject = audit.ActionEnd, string(reason), user
	event.Metadata = map[string]string{"sessions": "all"}
	if !except.IsZero() {
		event.Metadata["sessions"] = "others"
	}
	event = s.deps.Trail.Event(ctx, event)
	changes, err := s.deps.Ender.EndAll(ctx, user, except, reason, s.deps.Clock.Now(), event)
	if err == nil && len(changes) > 0 {
		s.deps.Observer.Ended(reason, len(changes))
	}
	return changes, err
}

// ended counts sessions that have been ended and tells every replica.
func (s *Service) ended(ctx context.Context, reason EndReason, changes ...core.Change) {
	if len(changes) == 0 {
		return
	}
	s.deps.Observer.Ended(reason, len(changes))
	s.deps.Announcer.Announce(ctx, changes...)
}
