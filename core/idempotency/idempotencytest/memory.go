// Package idempotencytest holds the contract suite of the store of idempotency keys and the in-memory fake of it.
package idempotencytest

import (
	"context"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/idempotency"
)

// Memory is an idempotency.Store in memory.
type Memory struct {
	db   *coretest.Database
	rows *coretest.Table[idempotency.Digest, idempotency.Record]
}

// NewMemory makes an empty store that takes part in the database's transactions.
func NewMemory(db *coretest.Database) *Memory {
	store := &Memory{db: db, rows: coretest.NewTable[idempotency.Digest, idempotency.Record](db)}
	coretest.Expires(db, "idempotency", store.rows, func(row idempotency.Record) time.Time { return row.ExpiresAt }, nil)
	return store
}

// Begin implements idempotency.Store.
func (m *Memory) Begin(ctx context.Context, record idempotency.Record) (standing idempotency.Record, err error) {
	err = m.db.Do(ctx, func() error {
		held, known := m.rows.Get(record.Digest)
		now := record.CreatedAt
		crashed := held.FinishedAt.IsZero() && !held.LeasedUntil.After(now)
		if !known || crashed || !held.ExpiresAt.After(now) {
			held = record
			m.rows.Put(record.Digest, record)
		}
		standing = held
		return nil
	})
	return standing, err
}

// Finish implements idempotency.Store.
func (m *Memory) Finish(
	ctx context.Context, digest idempotency.Digest, run core.ID, reply []byte, at time.Time,
) error {
	return m.db.Do(ctx, func() error {
		held, known := m.rows.Get(digest)
		if !known || held.Run != run || !held.FinishedAt.IsZero() {
			return core.ErrNotFound
		}
		held.FinishedAt, held.Reply = at, slices.Clone(reply)
		m.rows.Put(digest, held)
		return nil
	})
}

// Abandon implements idempotency.Store.
func (m *Memory) Abandon(ctx context.Context, digest idempotency.Digest, run core.ID) error {
	return m.db.Do(ctx, func() error {
		held, known := m.rows.Get(digest)
		if !known || held.Run != run || !held.FinishedAt.IsZero() {
			return core.ErrNotFound
		}
		m.rows.Delete(digest)
		return nil
	})
}
