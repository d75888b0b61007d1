package coretest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// Database is the memory that fakes share. It implements core.Transactor and the journal of changes
// (session.Journal), and holds the audit log, to which any fake may write with what it does (see Record). Transactions run one after another, so fakes need no locks of their own. Safe for
// concurrent use.
type Database struct {
	mu       sync.Mutex
	tables   []table
	expiries map[string]Expiry
	cascades []func(subject string, id core.ID)
	journal  *Table[core.Change, time.Time]
	events   *Table[core.ID, audit.Event]
}

// Expiry removes, or only counts when remove is false, up to limit rows that expired before cutoff.
type Expiry func(cutoff time.Time, limit int, remove bool) int64

// NewDatabase makes an empty database.
func NewDatabase() *Database {
	db := &Database{expiries: map[string]Expiry{}}
	db.journal = NewTable[core.Change, time.Time](db)
	Expires(db, "journal", db.journal, func(at time.Time) time.Time { return at }, nil)
	db.events = NewTable[core.ID, audit.Event](db)
	Expires(db, "audit", db.events, func(event audit.Event) time.Time { return event.KeepUntil }, nil)
	return db
}

type txKey struct{}

type transaction struct {
	db     *Database
	doomed error
}

func (db *Database) current(ctx context.Context) *transaction {
	tx, _ := ctx.Value(txKey{}).(*transaction)
	if tx != nil && tx.db == db {
		return tx
	}
	return nil
}

// InTransaction reports whether ctx carries a transaction of this database.
func (db *Database) InTransaction(ctx context.Context) bool { return db.current(ctx) != nil }

// InTx implements core.Transactor.
func (db *Database) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if tx := db.current(ctx); tx != nil {
		return tx.join(ctx, fn)
	}
	if err := ctx.Err(); err != nil {
		return core.Unavailable(err)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	rollback := db.snapshot()
	committed := false
	defer func() {
		if !committed {
			rollback()
		}
	}()
	tx := &transaction{db: db}
	if err := fn(context.WithValue(ctx, txKey{}, tx)); err != nil {
		return err
	}
	if tx.doomed != nil {
		return tx.doomed
	}
	if err := ctx.Err(); err != nil {
		return core.Unavailable(err)
	}
	committed = true
	return nil
}

func (tx *transaction) join(ctx context.Context, fn func(ctx context.Context) error) error {
	err := fn(ctx)
	if err != nil && tx.doomed == nil {
		tx.doomed = err
	}
	return err
}

func (db *Database) snapshot() (rollback func()) {
	restores := make([]func(), 0, len(db.tables))
	for _, table := range db.tables {
		restores = append(restores, table.snapshot())
	}
	return func() {
		for _, restore := range restores {
			restore()
		}
	}
}

// Do runs fn alone: in the transaction that ctx carries, or by itself. A fake's method does all its work
// in one Do, and checks before it changes anything. An ended ctx is KindUnavailable.
func (db *Database) Do(ctx context.Context, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return core.Unavailable(err)
	}
	if db.InTransaction(ctx) {
		return fn()
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	return fn()
}

// OnRemoved calls fn, inside the Do that removes it, for every subject ("user", "registration") that a
// fake removes, so that other fakes drop what hangs on it.
func (db *Database) OnRemoved(fn func(subject string, id core.ID)) {
	db.cascades = append(db.cascades, fn)
}

// Removed tells the other fakes that a subject is gone. Call it inside Do.
func (db *Database) Removed(subject string, id core.ID) {
	for _, cascade := range db.cascades {
		cascade(subject, id)
	}
}

// Expiry gives the expiry that a fake registered under the name, or one that finds nothing.
func (db *Database) Expiry(name string) Expiry {
	if expiry, known := db.expiries[name]; known {
		return expiry
	}
	return func(time.Time, int, bool) int64 { return 0 }
}

// Journal notes a change at an instant. Call it inside Do.
func (db *Database) Journal(at time.Time, changes ...core.Change) {
	for _, change := range changes {
		db.journal.Put(change, at)
	}
}

// Record adds events to the audit log. Call it inside Do.
func (db *Database) Record(events ...audit.Event) {
	for _, event := range events {
		event.Metadata = maps.Clone(event.Metadata)
		db.events.Put(event.ID, event)
	}
}

// Events gives the events of the audit log that keep holds for, newest first (by At, then ID, both
// descending). Call it inside Do.
func (db *Database) Events(keep func(audit.Event) bool) []audit.Event {
	return db.events.Rows(keep, func(a, b audit.Event) int {
		return cmp.Or(b.At.Compare(a.At), CompareIDs(b.ID, a.ID))
	})
}

// Pending implements session.Journal.
func (db *Database) Pending(ctx context.Context, before time.Time, limit int) ([]core.Change, error) {
	var pending []core.Change
	err := db.Do(ctx, func() error {
		for change, at := range db.journal.All() {
			if at.Before(before) {
				pending = append(pending, change)
			}
		}
		slices.SortFunc(pending, func(a, b core.Change) int {
			return cmp.Or(db.journal.rows[a].Compare(db.journal.rows[b]), CompareIDs(a.ID, b.ID), cmp.Compare(a.Rev, b.Rev))
		})
		pending = pending[:min(limit, len(pending))]
		return nil
	})
	return pending, err
}

// Clear implements session.Journal.
func (db *Database) Clear(ctx context.Context, changes ...core.Change) error {
	return db.Do(ctx, func() error {
		for _, change := range changes {
			db.journal.Delete(change)
		}
		return nil
	})
}

// CompareIDs orders identifiers as databases do: byte by byte.
func CompareIDs(a, b core.ID) int { return slices.Compare(a[:], b[:]) }

type table interface{ snapshot() (restore func()) }

// Table is the rows of one fake. Use it inside Do only. Values are kept as they are given: a fake clones
// what it takes in and hands out when it holds slices.
type Table[K comparable, V any] struct{ rows map[K]V }

// NewTable makes a table that takes part in the database's transactions.
func NewTable[K comparable, V any](db *Database) *Table[K, V] {
	table := &Table[K, V]{rows: map[K]V{}}
	db.tables = append(db.tables, table)
	return table
}

func (t *Table[K, V]) snapshot() (restore func()) {
	saved := maps.Clone(t.rows)
	return func() { t.rows = saved }
}

// Get gives the row with the key.
func (t *Table[K, V]) Get(key K) (V, bool) {
	row, found := t.rows[key]
	return row, found
}

// Put adds or replaces a row.
func (t *Table[K, V]) Put(key K, row V) { t.rows[key] = row }

// Delete removes a row and reports whether there was one.
func (t *Table[K, V]) Delete(key K) bool {
	_, found := t.rows[key]
	delete(t.rows, key)
	return found
}

// Len is the number of rows.
func (t *Table[K, V]) Len() int { return len(t.rows) }

// All gives a copy of the rows, so that a loop over it may change the table.
func (t *Table[K, V]) All() map[K]V { return maps.Clone(t.rows) }

// Rows gives the rows that keep holds for, in the order of compare.
func (t *Table[K, V]) Rows(keep func(V) bool, compare func(a, b V) int) []V {
	var rows []V
	for _, row := range t.rows {
		if keep(row) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, compare)
	return rows
}

// Expires registers, under the name that retention knows it by, when rows of the table expire (the zero
// time: never) and what else to do when one is removed (nil: nothing).
func Expires[K comparable, V any](
	db *Database, name string, table *Table[K, V], when func(V) time.Time, removed func(K),
) {
	db.expiries[name] = func(cutoff time.Time, limit int, remove bool) (count int64) {
		for key, row := range table.All() {
			at := when(row)
			if count == int64(limit) || at.IsZero() || !at.Before(cutoff) {
				continue
			}
			count++
			if !remove {
				continue
			}
			table.Delete(key)
			if removed != nil {
				removed(key)
			}
		}
		return count
	}
}
