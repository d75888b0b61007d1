package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
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
		held, err := a.db.reading(ctx).HasPersonalToken(ctx, litedb.HasPersonalTokenParams{
			ID: sqltype.ID(caller.TokenID), UserID: sqltype.ID(caller.UserID), Now: sqltype.Time(now),
		})
		return held > 0, translate(err)
	case core.ByService:
		held, err := a.db.reading(ctx).HasServiceKey(ctx, litedb.HasServiceKeyParams{
			ID: sqltype.ID(caller.TokenID), ServiceAccountID: sqltype.ID(caller.ServiceID), Now: optionalTime(now),
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
