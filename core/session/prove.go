package session

import (
	"context"
	"errors"

	"github.com/doorward/doorward/core"
)

// Prove records that the caller has just proven anew who they are, by the factors (RFC 8176 names): the
// session is recent again on every replica. along runs in the same transaction: it uses up what was proven. It gives
// the session, whose Current is the refresh token to answer with. ErrEnded when the session is over; the errors of
// along.
func (s *Service) Prove(
	ctx context.Context, caller core.Principal, factors []string, along func(ctx context.Context) error,
) (proven Session, err error) {
	err = core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		if err := along(ctx); err != nil {
			return nil, err
		}
		var change core.Change
		proven, change, err = s.deps.Store.Prove(ctx, caller.SessionID, s.deps.Clock.Now(), factors)
		if errors.Is(err, core.ErrNotFound) {
			return nil, ErrEnded
		}
		return []core.Change{change}, err
	})
	if err != nil {
		return Session{}, err
	}
	return proven, nil
}
