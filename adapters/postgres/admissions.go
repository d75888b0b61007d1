package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
)

// Admissions is an access.Admissions.
type Admissions struct{ db *Database }

// Admissions gives what tells whether sessions, tokens and keys are good.
func (db *Database) Admissions() *Admissions { return &Admissions{db} }

// Stands implements access.Admissions.
func (a *Admissions) Stands(ctx context.Context, caller core.Principal, now time.Time) (bool, error) {
	switch caller.Means {
	case core.ByToken:
		held, err := a.db.queries(ctx).HasPersonalToken(ctx, pgdb.HasPersonalTokenParams{
			ID: caller.TokenID, UserID: caller.UserID, Now: now,
		})
		return held > 0, translate(err)
	case core.ByService:
		held, err := a.db.queries(ctx).HasServiceKey(ctx, pgdb.HasServiceKeyParams{
			ID: caller.TokenID, ServiceAccountID: caller.ServiceID, Now: optionalTime(now),
		})
		return held > 0, translate(err)
	case core.BySession, core.ByImpersonation:
	}
	held, err := a.db.Sessions().Session(ctx, caller.SessionID)
	if errors.Is(err, core.ErrNotFound) {
		return false, nil
	}
	return held.UserID == caller.ID() && held.Live(now), err
}
