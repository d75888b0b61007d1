package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
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
	queries := r.db.queries(ctx)
	switch kind {
	case retention.KindSessions:
		return queries.CountSessions(ctx, pgdb.CountSessionsParams{CutoffDay: cutoff.UTC(), Cutoff: cutoff})
	case retention.KindFlows:
		return queries.CountFlows(ctx, cutoff)
	case retention.KindLinks:
		return queries.CountLinks(ctx, cutoff)
	case retention.KindIntakes:
		return queries.CountIntakes(ctx, cutoff)
	case retention.KindRegistrations:
		return queries.CountRegistrations(ctx, cutoff)
	case retention.KindAccounts:
		return queries.CountAccounts(ctx, &cutoff)
	case retention.KindMail:
		return queries.CountMail(ctx, cutoff)
	case retention.KindMailbox:
		return queries.CountMailbox(ctx, cutoff)
	case retention.KindJournal:
		return queries.CountJournal(ctx, cutoff)
	case retention.KindSigningKeys:
		return queries.CountRetiredKeys(ctx, &cutoff)
	case retention.KindAudit:
		return queries.CountEvents(ctx, cutoff)
	case retention.KindTries:
		return queries.CountTries(ctx, cutoff)
	case retention.KindDevices:
		return queries.CountDevices(ctx, cutoff)
	case retention.KindFactors:
		return queries.CountPendingFactors(ctx, cutoff)
	case retention.KindTokens:
		return queries.CountExpiredTokens(ctx, cutoff)
	case retention.KindServiceKeys:
		return queries.CountExpiredKeys(ctx, &cutoff)
	case retention.KindIdempotency:
		return queries.CountKeys(ctx, cutoff)
	default:
		return 0, unknownKind(kind)
	}
}

// Sweep implements retention.Store.
func (r *Retention) Sweep(ctx context.Context, kind retention.Kind, cutoff time.Time, limit int) (int64, error) {
	count, err := r.sweep(ctx, kind, cutoff, limit32(limit))
	return count, translate(err)
}

func (r *Retention) sweep(ctx context.Context, kind retention.Kind, cutoff time.Time, batch int32) (int64, error) {
	queries := r.db.queries(ctx)
	switch kind {
	case retention.KindSessions:
		return queries.SweepSessions(ctx, pgdb.SweepSessionsParams{CutoffDay: cutoff.UTC(), Cutoff: cutoff, Batch: batch})
	case retention.KindFlows:
		return r.sweepFlows(ctx, cutoff, batch)
	case retention.KindLinks:
		return queries.SweepLinks(ctx, pgdb.SweepLinksParams{Cutoff: cutoff, Batch: batch})
	case retention.KindIntakes:
		return queries.SweepIntakes(ctx, pgdb.SweepIntakesParams{Cutoff: cutoff, Batch: batch})
	case retention.KindRegistrations:
		return queries.SweepRegistrations(ctx, pgdb.SweepRegistrationsParams{Cutoff: cutoff, Batch: batch})
	case retention.KindAccounts:
		return queries.SweepAccounts(ctx, pgdb.SweepAccountsParams{Cutoff: &cutoff, Batch: batch})
	case retention.KindMail:
		return queries.SweepMail(ctx, pgdb.SweepMailParams{Cutoff: cutoff, Batch: batch})
	case retention.KindMailbox:
		return queries.SweepMailbox(ctx, pgdb.SweepMailboxParams{Cutoff: cutoff, Batch: batch})
	case retention.KindJournal:
		return queries.SweepJournal(ctx, pgdb.SweepJournalParams{Cutoff: cutoff, Batch: batch})
	case retention.KindSigningKeys:
		return queries.SweepRetiredKeys(ctx, pgdb.SweepRetiredKeysParams{Cutoff: &cutoff, Batch: batch})
	case retention.KindAudit:
		return queries.SweepEvents(ctx, pgdb.SweepEventsParams{Cutoff: cutoff, Batch: batch})
	case retention.KindTries:
		return queries.SweepTries(ctx, pgdb.SweepTriesParams{Cutoff: cutoff, Batch: batch})
	case retention.KindDevices:
		return queries.SweepDevices(ctx, pgdb.SweepDevicesParams{Cutoff: cutoff, Batch: batch})
	case retention.KindFactors:
		return queries.SweepFactors(ctx, pgdb.SweepFactorsParams{Cutoff: cutoff, Batch: batch})
	case retention.KindTokens:
		return queries.SweepPersonalTokens(ctx, pgdb.SweepPersonalTokensParams{Cutoff: cutoff, Batch: batch})
	case retention.KindServiceKeys:
		return queries.SweepServiceKeys(ctx, pgdb.SweepServiceKeysParams{Cutoff: &cutoff, Batch: batch})
	case retention.KindIdempotency:
		return queries.SweepKeys(ctx, pgdb.SweepKeysParams{Cutoff: cutoff, Batch: batch})
	default:
		return 0, unknownKind(kind)
	}
}

func (r *Retention) sweepFlows(ctx context.Context, cutoff time.Time, batch int32) (int64, error) {
	queries := r.db.queries(ctx)
	rested := pgdb.SweepBudgetsParams{Cutoff: cutoff.Add(-budgetRest), Batch: batch}
	if err := queries.SweepBudgets(ctx, rested); err != nil {
		return 0, err
	}
	return queries.SweepFlows(ctx, pgdb.SweepFlowsParams{Cutoff: cutoff, Batch: batch})
}

func unknownKind(kind retention.Kind) error {
	return core.Internal(fmt.Errorf("postgres: nothing of kind %q expires", kind))
}
