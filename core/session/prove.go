package session

import (
	"context"
	"errors"

	"github.com/doorward/doorward/core"
)

// Prove records that the caller has just proven anew who they are, by the factors (RFC 8176 names): the
// session is recent again on every replica. It gives the session, whose Current is the refresh token to
// answer with. ErrEnded when the session is over.
func (s *Service) Prove(ctx context.Context, caller core.Principal, factors []string) (Session, error) {
	proven, change, err := s.deps.Store.Prove(ctx, caller.SessionID, s.deps.Clock.Now(), factors)
	if errors.Is(err, core.ErrNotFound) {
		return Session{}, ErrEnded
	}
	if err != nil {
		return Session{}, err
	}
	s.deps.Announcer.Announce(ctx, change)
	return proven, nil
}
