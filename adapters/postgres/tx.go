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
	// queue travels with COMMIT, in one round trip: statements that give nothing back.
	queue []*pgx.QueuedQuery
}

// enqueue adds a statement that gives nothing back to what travels with COMMIT. Its error shows there.
func (tx *transaction) enqueue(statement string, arguments ...any) {
	tx.queue = append(tx.queue, &pgx.QueuedQuery{SQL: statement, Arguments: arguments})
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
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // which closes a connection that is still in a transaction
	inner, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	// It runs on a panic too, and when ctx has ended.
	defer func() {
		if conn.Conn().PgConn().TxStatus() != idle {
			_ = inner.Rollback(context.WithoutCancel(ctx))
		}
	}()
	tx := &transaction{Tx: inner, db: db}
	if err := fn(context.WithValue(ctx, txKey{}, tx)); err != nil {
		return err
	}
	if tx.doomed != nil {
		return tx.doomed
	}
	return tx.commit(ctx)
}

// idle is the status of a connection outside of transactions (PostgreSQL manual, "ReadyForQuery").
const idle = 'I'

// commit sends the queue and COMMIT together. After the error of a queued statement PostgreSQL skips the rest, so
// that nothing is committed.
func (tx *transaction) commit(ctx context.Context) error {
	if len(tx.queue) == 0 {
		return tx.Commit(ctx)
	}
	batch := &pgx.Batch{QueuedQueries: tx.queue}
	batch.Queue("commit").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() == "ROLLBACK" { // a statement had failed unseen
			return pgx.ErrTxCommitRollback
		}
		return nil
	})
	return tx.SendBatch(ctx, batch).Close()
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
// savepoint, because PostgreSQL takes no further statement after an error. What they enqueue goes with them: back
// when they are rolled back, else to the transaction around them.
func (db *Database) guarded(ctx context.Context, fn func(ctx context.Context) error) error {
	tx := db.current(ctx)
	if tx == nil {
		return db.InTx(ctx, fn)
	}
	var queued []*pgx.QueuedQuery
	err := pgx.BeginFunc(ctx, tx.Tx, func(inner pgx.Tx) error {
		guarded := &transaction{Tx: inner, db: db}
		err := fn(context.WithValue(ctx, txKey{}, guarded))
		queued = guarded.queue
		return err
	})
	if err == nil {
		tx.queue = append(tx.queue, queued...)
	}
	return translate(err)
}
