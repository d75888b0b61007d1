package postgres

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/idempotency"
)

// Idempotency is an idempotency.Store.
type Idempotency struct{ db *Database }

// Idempotency gives the store of keys of calls that may be repeated.
func (db *Database) Idempotency() *Idempotency { return &Idempotency{db} }

// Begin implements idempotency.Store.
func (i *Idempotency) Begin(ctx context.Context, record idempotency.Record) (idempotency.Record, error) {
	queries := i.db.queries(ctx)
	taken, err := queries.TakeKey(ctx, pgdb.TakeKeyParams{
		Digest: record.Digest[:], Run: record.Run, Fingerprint: record.Fingerprint, CreatedAt: record.CreatedAt,
		LeasedUntil: record.LeasedUntil, ExpiresAt: record.ExpiresAt,
	})
	if err != nil || taken > 0 {
		return record, translate(err)
	}
	held, err := queries.HeldKey(ctx, record.Digest[:])
	return toRecord(held), translate(err)
}

// Finish implements idempotency.Store.
func (i *Idempotency) Finish(
	ctx context.Context, digest idempotency.Digest, run core.ID, reply []byte, at time.Time,
) error {
	return affected(i.db.queries(ctx).FinishKey(ctx, pgdb.FinishKeyParams{
		Digest: digest[:], Run: run, Reply: reply, FinishedAt: &at,
	}))
}

// Abandon implements idempotency.Store.
func (i *Idempotency) Abandon(ctx context.Context, digest idempotency.Digest, run core.ID) error {
	return affected(i.db.queries(ctx).FreeKey(ctx, pgdb.FreeKeyParams{Digest: digest[:], Run: run}))
}

func toRecord(row pgdb.IdempotencyKey) (record idempotency.Record) {
	record = idempotency.Record{
		Run: row.Run, Fingerprint: row.Fingerprint, CreatedAt: row.CreatedAt, LeasedUntil: row.LeasedUntil,
		FinishedAt: present(row.FinishedAt), Reply: row.Reply, ExpiresAt: row.ExpiresAt,
	}
	copy(record.Digest[:], row.Digest)
	return record
}
