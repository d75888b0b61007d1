package session

import (
	"context"
	"errors"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// Authenticate decides whether whoever holds an access token for the session and user may act now, and as
// whom. authTime is what the token claims; the later of it and the session's counts, as a proof of identity
// may be newer than either. Rights come from the lookup, never from the token. ErrEnded when the session is
// unknown, over or another user's, or the user not active.
//
// It is the path of every request: with a warm cache it asks neither the database nor a peer.
func (s *Service) Authenticate(
	ctx context.Context, sid, uid core.ID, authTime time.Time,
) (core.Principal, Session, account.User, error) {
	held, err := s.held(ctx, sid)
	if err != nil || held.UserID != uid {
		return core.Principal{}, Session{}, account.User{}, unknownIsEnded(err)
	}
	user, err := s.Person(ctx, uid)
	if err != nil {
		return core.Principal{}, Session{}, account.User{}, err
	}
	return core.Principal{
		UserID:    uid,
		SessionID: sid,
		AuthTime:  later(held.AuthTime, authTime),
		Factors:   held.Factors,
		Roles:     user.Roles,
	}, held, user, nil
}

// held gives the session when it is live. A refresh moves the idle limit without a new revision, so a copy
// that has run idle is no proof: the primary is asked.
func (s *Service) held(ctx context.Context, id core.ID) (Session, error) {
	now := s.deps.Clock.Now()
	held, err := s.deps.Lookup.Session(ctx, id)
	if err == nil && held.EndedAt.IsZero() && now.Before(held.ExpiresAt) && !now.Before(held.IdleExpiresAt) {
		held, err = s.deps.Store.Find(ctx, id)
	}
	if err == nil && !held.Live(now) {
		err = ErrEnded
	}
	return held, err
}

func unknownIsEnded(err error) error {
	if err == nil || errors.Is(err, core.ErrNotFound) {
		return ErrEnded
	}
	return err
}

// Person gives a user who is active, for callers who show no session of that person's. As Authenticate it asks neither
// the database nor a peer with a warm cache. ErrEnded for anybody else.
func (s *Service) Person(ctx context.Context, id core.ID) (account.User, error) {
	user, err := s.deps.Lookup.User(ctx, id)
	if err != nil || user.Status != account.StatusActive {
		return account.User{}, unknownIsEnded(err)
	}
	return user, nil
}
