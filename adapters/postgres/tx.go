package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The bounds of a transaction that the database asks to run again. Five tries with pauses of up to 5, 10,
// 20 and 40 ms outlast any deadlock that these transactions, of some milliseconds each, can form.
const (
	maxAttempts = 5
	firstPause  = 5 * time.Millisecond
)

type txKey struct{}

type transaction struct {
	pgx.Tx
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

// InTx implements core.Transactor. The isolation is READ COMMITTED; what must not race is decided by
// single statements or under row locks.
func (db *Database) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if tx := db.current(ctx); tx != nil {
		err := fn(ctx)
		if err != nil && tx.doomed == nil {
			tx.doomed = err
		}
		return err
	}
	return db.retry(ctx, func() error { return db.once(ctx, fn) })
}

func (db *Database) once(ctx context.Context, fn func(ctx context.Context) error) error {
	inner, err := db.pool.Begin(ctx)
	if err != nil {
		return err
	}
	// After a commit this does nothing. It runs on a panic too, and when ctx has ended.
	defer func() { _ = inner.Rollback(context.WithoutCancel(ctx)) }()
	tx := &transaction{Tx: inner, db: db}
	if err := fn(context.WithValue(ctx, txKey{}, tx)); err != nil {
		return err
	}
	if tx.doomed != nil {
		return tx.doomed
	}
	return inner.Commit(ctx)
}

// retry runs attempt until it succeeds, fails for good, or has been asked to run again too often.
func (db *Database) retry(ctx context.Context, attempt func() error) error {
	pause := firstPause
	for tries := 1; ; tries++ {
		err := attempt()
		if !retryable(err) || tries == maxAttempts {
			return translate(err)
		}
		db.config.Log.DebugContext(ctx, "running a transaction again", "attempt", tries, "error", err)
		if err := sleep(ctx, rand.N(pause)+time.Millisecond); err != nil { //nolint:gosec // only spreads retries
			return translate(err)
		}
		pause *= 2
	}
}

func retryable(err error) bool {
	var report *pgconn.PgError
	return errors.As(err, &report) && (report.Code == codeSerialization || report.Code == codeDeadlock)
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
// dooming it, else in one of their own. Use it where nothing is changed before an error is known.
func (db *Database) together(ctx context.Context, fn func(ctx context.Context) error) error {
	if db.current(ctx) != nil {
		return translate(fn(ctx))
	}
	return db.InTx(ctx, fn)
}

// guarded is together for statements that a constraint may refuse: in a transaction they run behind a
// savepoint, because PostgreSQL takes no further statement after an error.
func (db *Database) guarded(ctx context.Context, fn func(ctx context.Context) error) error {
	tx := db.current(ctx)
	if tx == nil {
		return db.InTx(ctx, fn)
	}
	err := pgx.BeginFunc(ctx, tx.Tx, func(inner pgx.Tx) error {
		return fn(context.WithValue(ctx, txKey{}, &transaction{Tx: inner, db: db}))
	})
	return translate(err)
}
