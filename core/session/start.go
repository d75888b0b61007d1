package session

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/secret"
)

// Start opens a session for a person who has just proven who they are by the factors (RFC 8176 names, in the
// order used), on the client that ctx carries. The user's oldest sessions beyond the limit end, and every
// replica knows of it before Start returns. Call it outside of a transaction. core.ErrConflict when the user
// has changed since it was read, or is not active: read and judge it anew.
func (s *Service) Start(ctx context.Context, user account.User, factors []string) (Session, error) {
	opened := s.fresh(ctx, user.ID, factors)
	evicted, err := s.deps.Store.Open(ctx, opened, user.Rev, s.config.Limit)
	if err != nil {
		return Session{}, err
	}
	s.ended(ctx, EndEvicted, evicted...)
	return opened, nil
}

func (s *Service) fresh(ctx context.Context, user core.ID, factors []string) Session {
	now := s.deps.Clock.Now()
	nonce := newNonce()
	idle, limit := now.Add(s.config.IdleTTL), now.Add(s.config.MaxTTL)
	if limit.Before(idle) {
		idle = limit
	}
	return Session{
		ID:            s.deps.IDs.New(),
		UserID:        user,
		Device:        s.deps.Origins.Of(ctx),
		Factors:       factors,
		AuthTime:      now,
		CreatedAt:     now,
		LastUsedAt:    now,
		IdleExpiresAt: idle,
		ExpiresAt:     limit,
		Chain:         Chain{Nonce: nonce, Branches: 1, RotatedAt: now},
		Rev:           1,
	}
}

func newNonce() Nonce { return Nonce(secret.Random(len(Nonce{}))) }
