package postgres

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The defaults of Config.
const (
	// DefaultMaxConns is the size of the pool. A request holds a connection for some milliseconds at a
	// time, so that a few serve hundreds of requests; PostgreSQL itself slows beyond a few per core.
	DefaultMaxConns = 16
	// DefaultStatementTimeout ends a statement that has run away. Every statement here takes milliseconds,
	// a sweep's batch at most a second.
	DefaultStatementTimeout = 5 * time.Second
	// DefaultConnectTimeout bounds one attempt to connect.
	DefaultConnectTimeout = 5 * time.Second
	// DefaultLockTimeout bounds how long a migration waits for a table that is in use before it gives way
	// and tries again: others queue up behind a waiting ALTER TABLE.
	DefaultLockTimeout = 3 * time.Second
)

// idleInTransaction ends a transaction whose process has gone silent, so that its locks do not stay.
const idleInTransaction = 30 * time.Second

// Config is how to reach the database. Zero values mean the defaults.
type Config struct {
	// URL is postgres://… with any parameter that libpq or pgx knows. What the URL says on a matter wins
	// over the fields below.
	URL string
	// MaxConns is the largest number of connections of the pool.
	MaxConns int
	// PgBouncer makes every statement fit a pooler in transaction mode: no prepared statements, no session
	// settings; the statement time-out is then the pooler's or the role's to set. Migrations should go to
	// the server itself all the same.
	PgBouncer bool
	// StatementTimeout bounds each statement on the server, besides the deadline of ctx.
	StatementTimeout time.Duration
	// LockTimeout bounds how long a migration waits for a table.
	LockTimeout time.Duration
	// Log hears of migrations and retries; nil for silence.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.MaxConns <= 0 {
		c.MaxConns = DefaultMaxConns
	}
	if c.StatementTimeout <= 0 {
		c.StatementTimeout = DefaultStatementTimeout
	}
	if c.LockTimeout <= 0 {
		c.LockTimeout = DefaultLockTimeout
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// pool reads the URL and adds the settings that it leaves open. The error never shows the URL, which may
// hold a password.
func (c Config) pool() (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, errURL
	}
	if !hasParameter(c.URL, "pool_max_conns") {
		config.MaxConns = int32(min(c.MaxConns, maxConnsBound)) //nolint:gosec // bounded
	}
	conn := config.ConnConfig
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = DefaultConnectTimeout
	}
	if c.PgBouncer {
		conn.DefaultQueryExecMode = pgx.QueryExecModeExec
		conn.StatementCacheCapacity, conn.DescriptionCacheCapacity = 0, 0
	} else {
		setDefault(conn.RuntimeParams, "application_name", "doorward")
		setDefault(conn.RuntimeParams, "statement_timeout", milliseconds(c.StatementTimeout))
		setDefault(conn.RuntimeParams, "idle_in_transaction_session_timeout", milliseconds(idleInTransaction))
	}
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		registerTypes(conn.TypeMap())
		return nil
	}
	return config, nil
}
