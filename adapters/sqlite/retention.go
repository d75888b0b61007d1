package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/retention"
)

// budgetRest is how much longer than a flow the failure count of a subject that is no account is kept. It
// slows guessing at one address to far below what NIST SP 800-63B-4 §3.2.2 permits in a row.
const budgetRest = 30 * 24 * time.Hour

// Retention is a retention.Store.
type Retention struct{ db *Database }

// Retention gives the store that counts and sweeps what expired.
func (db *Database) Retention() *Retention { return &Retention{db} }

// Count implements retention.Store.
func (r *Retention) Count(ctx context.Context, kind retention.Kind, cutoff time.Time) (int64, error) {
	count, err := r.count(ctx, kind, cutoff)
	return count, translate(err)
}

func (r *Retention) count(ctx context.Context, kind retention.Kind, cutoff time.Time) (int64, error) {
	queries, before := r.db.reading(ctx), sqltype.Time(cutoff)
	switch kind {
	case retention.KindSessions:
		return queries.CountSessions(ctx, &before)
	case retention.KindFlows:
		return queries.CountFlows(ctx, before)
	case retention.KindLinks:
		return queries.CountLinks(ctx, before)
	case retention.KindIntakes:
		return queries.CountIntakes(ctx, before)
	case retention.KindRegistrations:
		return queries.CountRegistrations(ctx, before)
	case retention.KindAccounts:
		return queries.CountAccounts(ctx, &before)
	case retention.KindMail:
		return queries.CountMail(ctx, before)
	case retention.KindMailbox:
		return queries.CountMailbox(ctx, before)
	case retention.KindJournal:
		return queries.CountJournal(ctx, before)
	case retention.KindSigningKeys:
		return queries.CountRetiredKeys(ctx, &before)
	case retention.KindAudit:
		return queries.CountEvents(ctx, before)
	case retention.KindTries:
		return queries.CountTries(ctx, before)
	case retention.KindDevices:
		return queries.CountDevices(ctx, before)
	case retention.KindFactors:
		return queries.CountPendingFactors(ctx, before)
	case retention.KindTokens:
		return queries.CountExpiredTokens(ctx, before)
	case retention.KindServiceKeys:
		return queries.CountExpiredKeys(ctx, &before)
	case retention.KindIdempotency:
		return queries.CountKeys(ctx, before)
	default:
		return 0, unknownKind(kind)
	}
}

// Sweep implements retention.Store.
func (r *Retention) Sweep(ctx context.Context, kind retention.Kind, cutoff time.Time, limit int) (int64, error) {
	count, err := r.sweep(ctx, kind, cutoff, int64(max(limit, 0)))
	return count, translate(err)
}

func (r *Retention) sweep(ctx context.Context, kind retention.Kind, cutoff time.Time, batch int64) (int64, error) {
	queries, before := r.db.writing(ctx), sqltype.Time(cutoff)
	switch kind {
	case retention.KindSessions:
		return queries.SweepSessions(ctx, litedb.SweepSessionsParams{Cutoff: &before, Batch: batch})
	case retention.KindFlows:
		return r.sweepFlows(ctx, cutoff, batch)
	case retention.KindLinks:
		return queries.SweepLinks(ctx, litedb.SweepLinksParams{Cutoff: before, Batch: batch})
	case retention.KindIntakes:
		return queries.SweepIntakes(ctx, litedb.SweepIntakesParams{Cutoff: before, Batch: batch})
	case retention.KindRegistrations:
		return queries.SweepRegistrations(ctx, litedb.SweepRegistrationsParams{Cutoff: before, Batch: batch})
	case retention.KindAccounts:
		return r.sweepAccounts(ctx, &before, batch)
	case retention.KindMail:
		return queries.SweepMail(ctx, litedb.SweepMailParams{Cutoff: before, Batch: batch})
	case retention.KindMailbox:
		return queries.SweepMailbox(ctx, litedb.SweepMailboxParams{Cutoff: before, Batch: batch})
	case retention.KindJournal:
		return queries.SweepJournal(ctx, litedb.SweepJournalParams{Cutoff: before, Batch: batch})
	case retention.KindSigningKeys:
		return queries.SweepRetiredKeys(ctx, litedb.SweepRetiredKeysParams{Cutoff: &before, Batch: batch})
	case retention.KindAudit:
		return queries.SweepEvents(ctx, litedb.SweepEventsParams{Cutoff: before, Batch: batch})
	case retention.KindTries:
		return queries.SweepTries(ctx, litedb.SweepTriesParams{Cutoff: before, Batch: batch})
	case retention.KindDevices:
		return queries.SweepDevices(ctx, litedb.SweepDevicesParams{Cutoff: before, Batch: batch})
	case retention.KindFactors:
		return queries.SweepFactors(ctx, litedb.SweepFactorsParams{Cutoff: before, Batch: batch})
	case retention.KindTokens:
		return queries.SweepPersonalTokens(ctx, litedb.SweepPersonalTokensParams{Cutoff: before, Batch: batch})
	case retention.KindServiceKeys:
		return queries.SweepServiceKeys(ctx, litedb.SweepServiceKeysParams{Cutoff: &before, Batch: batch})
	case retention.KindIdempotency:
		return queries.SweepKeys(ctx, litedb.SweepKeysParams{Cutoff: before, Batch: batch})
	default:
		return 0, unknownKind(kind)
	}
}

func (r *Retention) sweepFlows(ctx context.Context, cutoff time.Time, batch int64) (count int64, err error) {
	err = r.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		rested := litedb.SweepBudgetsParams{Cutoff: sqltype.Time(cutoff.Add(-budgetRest)), Batch: batch}
		if err := queries.SweepBudgets(ctx, rested); err != nil {
			return err
		}
		count, err = queries.SweepFlows(ctx, litedb.SweepFlowsParams{Cutoff: sqltype.Time(cutoff), Batch: batch})
		return err
	})
	return count, err
}

func (r *Retention) sweepAccounts(ctx context.Context, cutoff *sqltype.Time, batch int64) (count int64, err error) {
	err = r.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		expired, err := queries.ExpiredAccounts(ctx, litedb.ExpiredAccountsParams{Cutoff: cutoff, Batch: batch})
		if err != nil {
			return err
		}
		for _, id := range expired {
			if err := queries.DeleteUser(ctx, id); err != nil {
				return err
			}
			if err := queries.ForgetFailures(ctx, core.ID(id).String()); err != nil {
				return err
			}
		}
		count = int64(len(expired))
		return nil
	})
	return count, err
}

func unknownKind(kind retention.Kind) error {
	return core.Internal(fmt.Errorf("sqlite: nothing of kind %q expires", kind))
}
