package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/core"
)

// The defaults of Config.
const (
	// DefaultReaders is how many connections read beside the one that writes. Reads take microseconds, so
	// that a few serve as many requests as the machine can compute.
	DefaultReaders = 8
	// DefaultBusyTimeout is how long a statement waits for another process, such as a cleanup run, to
	// finish writing.
	DefaultBusyTimeout = 5 * time.Second
)

// Config is where the database is. Zero values mean the defaults.
type Config struct {
	// Path is the file's; it is made when missing, its folder is not.
	Path string
	// Readers is how many connections read.
	Readers int
	// BusyTimeout bounds the wait for another process's write.
	BusyTimeout time.Duration
	// Volatile trades safety for speed, for tests: a power cut may damage the file.
	Volatile bool
	// Log hears of migrations and retries; nil for silence.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Readers <= 0 {
		c.Readers = DefaultReaders
	}
	if c.BusyTimeout <= 0 {
		c.BusyTimeout = DefaultBusyTimeout
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// source is the driver's name for the file. A commit is on the disk before it is reported (synchronous
// FULL): mail that was promised survives a power cut.
func (c Config) source(readOnly bool) (string, error) {
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	synchronous := "FULL"
	if c.Volatile {
		synchronous = "OFF"
	}
	query := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", c.BusyTimeout.Milliseconds()),
		"journal_mode(WAL)", "synchronous(" + synchronous + ")", "foreign_keys(1)", "temp_store(MEMORY)",
	}}
	if readOnly {
		query["_pragma"] = append(query["_pragma"], "query_only(1)")
	} else {
		query.Set("_txlock", "immediate")
	}
	location := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	return location.String(), nil
}

// Database is one SQLite file. It implements core.Transactor. Safe for concurrent use.
type Database struct {
	writer, reader *sql.DB
	config         Config
}

// Open opens the file and makes it when it is missing, readable by nobody else: it holds password hashes.
func Open(ctx context.Context, config Config) (*Database, error) {
	config = config.withDefaults()
	if err := registerNameKey(); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := create(config.Path); err != nil {
		return nil, err
	}
	writer, err := config.open(false, 1)
	if err != nil {
		return nil, err
	}
	reader, err := config.open(true, config.Readers)
	if err != nil {
		return nil, err
	}
	db := &Database{writer: writer, reader: reader, config: config}
	if err := db.writer.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("sqlite: open %s: %w", config.Path, err)
	}
	return db, nil
}

// create makes an empty file; what SQLite puts beside it takes over its mode.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return nil
}

func (c Config) open(readOnly bool, conns int) (*sql.DB, error) {
	source, err := c.source(readOnly)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Close waits for running statements and closes the file.
func (db *Database) Close() error {
	readerErr := db.reader.Close()
	if err := db.writer.Close(); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if readerErr != nil {
		return fmt.Errorf("sqlite: %w", readerErr)
	}
	return nil
}

// Ping reads from the file. KindUnavailable.
func (db *Database) Ping(ctx context.Context) error {
	var one int
	if err := db.reader.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return core.Unavailable(err)
	}
	return nil
}

// Stats are figures of the connections at one moment, for health and metrics.
type Stats struct {
	// InUse, Idle and Max count connections.
	InUse, Idle, Max int
	// Waits is how often a caller had to wait for a connection since the start, Waited how long they all
	// did together.
	Waits  int64
	Waited time.Duration
}

// Stats gives the figures of readers and writer together.
func (db *Database) Stats() Stats {
	read, write := db.reader.Stats(), db.writer.Stats()
	return Stats{
		InUse: read.InUse + write.InUse, Idle: read.Idle + write.Idle,
		Max:   read.MaxOpenConnections + write.MaxOpenConnections,
		Waits: read.WaitCount + write.WaitCount, Waited: read.WaitDuration + write.WaitDuration,
	}
}

// reading runs on the transaction that ctx carries, else beside the writer.
func (db *Database) reading(ctx context.Context) *litedb.Queries {
	if tx := db.current(ctx); tx != nil {
		return tx.queries
	}
	return litedb.New(db.reader)
}

// readingRaw is reading for statements whose text is put together here.
func (db *Database) readingRaw(ctx context.Context) litedb.DBTX {
	if tx := db.current(ctx); tx != nil {
		return tx.raw
	}
	return db.reader
}

// scan runs such a statement and hands every row to note.
func (db *Database) scan(
	ctx context.Context, statement string, parameters []any, note func(scan func(...any) error) error,
) error {
	rows, err := db.readingRaw(ctx).QueryContext(ctx, statement, parameters...)
	if err != nil {
		return translate(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := note(rows.Scan); err != nil {
			return translate(err)
		}
	}
	return translate(rows.Err())
}

// writing runs on the transaction that ctx carries, else on the writer.
func (db *Database) writing(ctx context.Context) *litedb.Queries {
	if tx := db.current(ctx); tx != nil {
		return tx.queries
	}
	return litedb.New(db.writer)
}
