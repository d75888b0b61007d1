package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/doorward/doorward/adapters/migration"
	schema "github.com/doorward/doorward/sql"
)

// The bounds of a migration.
const (
	// lockPoll is how often the lock is asked for. Asking, rather than waiting inside PostgreSQL, holds no
	// snapshot there, for which CREATE INDEX CONCURRENTLY would wait in its turn.
	lockPoll = 50 * time.Millisecond
	// lockRetries is how often a migration that found a table in use is tried again, a second apart, so
	// that those who queued up behind it get their turn.
	lockRetries = 20
	lockPause   = time.Second

	migrateLock = "migrate"
)

// Migrate applies what is pending and gives what it applied. Any number of replicas may call it at once:
// one works, the others wait and find nothing to do. Statements that another transaction keeps from a
// table give way after Config.LockTimeout, or when PostgreSQL ends a deadlock by them, and are tried again.
// Nothing but ctx bounds the wait for another replica and the migration itself: a large table takes its time.
func (db *Database) Migrate(ctx context.Context) ([]migration.Migration, error) {
	release, err := db.Locks().wait(ctx, migrateLock)
	if err != nil {
		return nil, err
	}
	defer release()
	var applied []migration.Migration
	for tries := 0; ; tries++ {
		// Each try has a connection of its own: one that failed may have left settings of the session behind.
		err := db.withMigrations(func(set *migration.Set) error {
			step, err := set.Up(ctx)
			applied = append(applied, step...)
			return err
		})
		if !inTheWay(err) || tries == lockRetries {
			return applied, err
		}
		db.config.Log.WarnContext(ctx, "a migration found a table in use and is tried again", "error", err)
		if err := sleep(ctx, lockPause); err != nil {
			return applied, translate(err)
		}
	}
}

// Status gives every migration that this release knows, oldest first.
func (db *Database) Status(ctx context.Context) (all []migration.Migration, err error) {
	err = db.withMigrations(func(set *migration.Set) (err error) {
		all, err = set.Status(ctx)
		return err
	})
	return all, err
}

// Plan gives the migrations that Migrate would apply.
func (db *Database) Plan(ctx context.Context) (pending []migration.Migration, err error) {
	err = db.withMigrations(func(set *migration.Set) (err error) {
		pending, err = set.Plan(ctx)
		return err
	})
	return pending, err
}

// withMigrations lends fn the migrations on a connection of their own, which bears a lock time-out and no
// statement time-out: building an index may take long.
func (db *Database) withMigrations(fn func(*migration.Set) error) error {
	connConfig := db.pool.Config().ConnConfig.Copy()
	connConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	conns := stdlib.OpenDB(*connConfig, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SELECT set_config('lock_timeout', $1, false), set_config('statement_timeout', '0', false)",
			milliseconds(db.config.LockTimeout))
		return err
	}))
	defer func(conns *sql.DB) { _ = conns.Close() }(conns)
	conns.SetMaxOpenConns(1)
	set, err := migration.New(goose.DialectPostgres, conns, schema.Postgres())
	if err != nil {
		return err
	}
	return translate(fn(set))
}

// inTheWay tells that others kept the migration from a table: they had it for too long, or wanted one that the
// migration had.
func inTheWay(err error) bool {
	var report *pgconn.PgError
	return errors.As(err, &report) && (report.Code == codeLockUnavailable || report.Code == codeDeadlock)
}

// wait asks for the lock until it is held or ctx ends.
func (l *Locks) wait(ctx context.Context, name string) (release func(), err error) {
	for {
		release, held, err := l.TryLock(ctx, name)
		if err != nil || held {
			return release, err
		}
		if err := sleep(ctx, lockPoll); err != nil {
			return nil, translate(err)
		}
	}
}
