package postgres

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
)

// maxConnsBound is more connections than any PostgreSQL takes.
const maxConnsBound = 10_000

var errURL = errors.New("postgres: the database URL cannot be read")

// Database is a pool of connections to one PostgreSQL. It implements core.Transactor. Safe for concurrent
// use.
type Database struct {
	pool   *pgxpool.Pool
	config Config
}

// Open makes the pool. It connects on first use: a database that is away is no error here, see Ping. The
// error is of an URL that cannot be read.
func Open(ctx context.Context, config Config) (*Database, error) {
	config = config.withDefaults()
	poolConfig, err := config.pool()
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, poolConfig)
	if err != nil {
		return nil, core.Internal(err)
	}
	return &Database{pool: pool, config: config}, nil
}

// Close waits until every connection is given back, and closes them.
func (db *Database) Close() { db.pool.Close() }

// Ping asks the primary for an answer. KindUnavailable.
func (db *Database) Ping(ctx context.Context) error { return translate(db.pool.Ping(ctx)) }

// Stats are figures of the pool at one moment, for health and metrics.
type Stats struct {
	// InUse, Idle and Max count connections.
	InUse, Idle, Max int
	// Waits is how often a caller had to wait for a connection since the start, Waited how long they all
	// did together.
	Waits  int64
	Waited time.Duration
}

// Stats gives the pool's figures.
func (db *Database) Stats() Stats {
	stat := db.pool.Stat()
	return Stats{
		InUse: int(stat.AcquiredConns()), Idle: int(stat.IdleConns()), Max: int(stat.MaxConns()),
		Waits: stat.EmptyAcquireCount(), Waited: stat.EmptyAcquireWaitTime(),
	}
}

// queries runs on the transaction that ctx carries, else on the pool.
func (db *Database) queries(ctx context.Context) *pgdb.Queries { return pgdb.New(db.on(ctx)) }

// on is where statements run whose text is put together here.
func (db *Database) on(ctx context.Context) pgdb.DBTX {
	if tx := db.current(ctx); tx != nil {
		return tx.Tx
	}
	return db.pool
}

func hasParameter(rawURL, name string) bool {
	parsed, err := url.Parse(rawURL)
	return err == nil && parsed.Query().Has(name)
}

func setDefault(params map[string]string, name, value string) {
	if _, set := params[name]; !set {
		params[name] = value
	}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
