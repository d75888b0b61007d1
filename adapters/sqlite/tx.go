package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
)

// The bounds of a transaction that found the file busy beyond the busy time-out, because another process
// writes. In this process writers queue for the one connection.
const (
	maxAttempts = 3
	retryPause  = 20 * time.Millisecond
)

type txKey struct{}

type transaction struct {
	queries *litedb.Queries
	raw     *sql.Tx
	db      *Database
	doomed  error
}

func (db *Database) current(ctx context.Context) *transaction {
	tx, _ := ctx.Value(txKey{}).(*transaction)
	if tx != nil && tx.db == db {
		return tx
	}
	return nil
}

// InTx implements core.Transactor. Transactions run one after another: each takes the write lock when it
// begins, so that none has to be run again for another's sake within this process.
func (db *Database) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if tx := db.current(ctx); tx != nil {
		err := fn(ctx)
		if err != nil && tx.doomed == nil {
			tx.doomed = err
		}
		return err
	}
	for tries := 1; ; tries++ {
		err := db.once(ctx, fn)
		if !busy(err) || tries == maxAttempts {
			return translate(err)
		}
		db.config.Log.DebugContext(ctx, "running a transaction again", "attempt", tries, "error", err)
		if err := sleep(ctx, retryPause); err != nil {
			return translate(err)
		}
	}
}

func (db *Database) once(ctx context.Context, fn func(ctx context.Context) error) error {
	raw, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = raw.Rollback() }() // after a commit this does nothing; it runs on a panic too
	tx := &transaction{queries: litedb.New(raw), raw: raw, db: db}
	if err := fn(context.WithValue(ctx, txKey{}, tx)); err != nil {
		return err
	}
	if tx.doomed != nil {
		return tx.doomed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return raw.Commit()
}

func busy(err error) bool {
	var report *sqlite.Error
	return errors.As(err, &report) && report.Code()&0xff == sqlite3.SQLITE_BUSY
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// together runs several statements as one: in the transaction of ctx, whose fate they share without
// dooming it, else in one of their own. A statement that a constraint refuses undoes itself alone.
func (db *Database) together(ctx context.Context, fn func(ctx context.Context, queries *litedb.Queries) error) error {
	if tx := db.current(ctx); tx != nil {
		return translate(fn(ctx, tx.queries))
	}
	return db.InTx(ctx, func(ctx context.Context) error { return fn(ctx, db.current(ctx).queries) })
}
