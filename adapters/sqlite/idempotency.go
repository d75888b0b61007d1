package sqlite

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/idempotency"
)

// Idempotency is an idempotency.Store.
type Idempotency struct{ db *Database }

// Idempotency gives the store of keys of calls that may be repeated.
func (db *Database) Idempotency() *Idempotency { return &Idempotency{db} }

// Begin implements idempotency.Store.
func (i *Idempotency) Begin(ctx context.Context, record idempotency.Record) (idempotency.Record, error) {
	taken, err := i.db.writing(ctx).TakeKey(ctx, litedb.TakeKeyParams{
		Digest: record.Digest[:], Run: sqltype.ID(record.Run), Fingerprint: record.Fingerprint,
		CreatedAt: sqltype.Time(record.CreatedAt), LeasedUntil: sqltype.Time(record.LeasedUntil),
		ExpiresAt: sqltype.Time(record.ExpiresAt),
	})
	if err != nil || taken > 0 {
		return record, translate(err)
	}
	held, err := i.db.reading(ctx).HeldKey(ctx, record.Digest[:])
	return toRecord(held), translate(err)
}

// Finish implements idempotency.Store.
func (i *Idempotency) Finish(
	ctx context.Context, digest idempotency.Digest, run core.ID, reply []byte, at time.Time,
) error {
	return affected(i.db.writing(ctx).FinishKey(ctx, litedb.FinishKeyParams{
		Digest: digest[:], Run: sqltype.ID(run), Reply: reply, FinishedAt: optionalTime(at),
	}))
}

// Abandon implements idempotency.Store.
func (i *Idempotency) Abandon(ctx context.Context, digest idempotency.Digest, run core.ID) error {
	return affected(i.db.writing(ctx).FreeKey(ctx, litedb.FreeKeyParams{Digest: digest[:], Run: sqltype.ID(run)}))
}

func toRecord(row litedb.IdempotencyKey) (record idempotency.Record) {
	record = idempotency.Record{
		Run: core.ID(row.Run), Fingerprint: row.Fingerprint, CreatedAt: time.Time(row.CreatedAt),
		LeasedUntil: time.Time(row.LeasedUntil), FinishedAt: presentTime(row.FinishedAt), Reply: row.Reply,
		ExpiresAt: time.Time(row.ExpiresAt),
	}
	copy(record.Digest[:], row.Digest)
	return record
}
