package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/core"
)

// Locks is a retention.Lock.
type Locks struct{ db *Database }

// Locks gives named locks over all replicas.
func (db *Database) Locks() *Locks { return &Locks{db} }

// closeTimeout bounds the farewell of a connection that held a lock.
const closeTimeout = 5 * time.Second

// TryLock implements retention.Lock. The lock is an advisory one of a transaction that stays open on a
// connection of its own, so that it takes none of the pool, ends with the process, and holds through a
// pooler in transaction mode.
func (l *Locks) TryLock(ctx context.Context, name string) (release func(), held bool, err error) {
	conn, err := l.db.connect(ctx)
	if err != nil {
		return nil, false, translate(err)
	}
	disconnect := sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = conn.Close(ctx) // a connection that does not close is closed by the server
	})
	held, err = tryLock(ctx, conn, name)
	if err != nil || !held {
		disconnect()
		return func() {}, false, translate(err)
	}
	return disconnect, true, nil
}

// connect makes a connection outside the pool.
func (db *Database) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, db.pool.Config().ConnConfig)
	if err != nil {
		return nil, core.Unavailable(err)
	}
	return conn, nil
}

// lockSpace keeps these locks apart from others that use advisory locks in the same database.
const lockSpace = 0x646f6f72 // "door"

func tryLock(ctx context.Context, conn *pgx.Conn, name string) (held bool, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return false, err
	}
	err = tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1::int, hashtext($2))", lockSpace, name).Scan(&held)
	if err != nil || !held {
		return false, err
	}
	// The next statement of the transaction is also what ends the snapshot of the one before.
	_, err = tx.Exec(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0")
	return err == nil, err
}
