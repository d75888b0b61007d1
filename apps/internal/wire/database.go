package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"go.uber.org/fx"

	"github.com/doorward/doorward/adapters/migration"
	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/sqlite"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/metrics"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/session"
)

// Engine is what both databases can do besides being stores.
type Engine interface {
	// Ping asks for an answer. core.KindUnavailable.
	Ping(ctx context.Context) error
	// Migrate applies what is pending and gives what it applied, under a lock, for as long as ctx lets it.
	Migrate(ctx context.Context) ([]migration.Migration, error)
	// Status gives every migration that this release knows, Plan those that are pending.
	Status(ctx context.Context) ([]migration.Migration, error)
	Plan(ctx context.Context) ([]migration.Migration, error)
	Bulk
}

// Bulk is what both databases can do for whoever fills them. The first five add many rows quickly: what exists is left
// as it is, and what belongs to a user who does not exist is left out.
type Bulk interface {
	BulkUsers(ctx context.Context, users []account.User) error
	BulkSessions(ctx context.Context, sessions []session.Session) error
	BulkDevices(ctx context.Context, devices []device.Device) error
	BulkFactors(ctx context.Context, factors []mfa.Factor) error
	BulkEvents(ctx context.Context, events []audit.Event) error
	// Contents counts the rows of everything that Wipe removes, by table. Wipe leaves the schema, what migrations write,
	// and the signing keys.
	Contents(ctx context.Context) (map[string]int64, error)
	Wipe(ctx context.Context) error
}

// database is the engine with its stores.
type database struct {
	fx.Out
	Engine Engine
	Stores stores
	Close  closeDatabase
}

// closeDatabase waits for what is under way and lets go of everything.
type closeDatabase func() error

// newDatabase makes the database that DATABASE_URL names. It connects, and migrates where AUTO_MIGRATE says
// so, before anything that needs it starts.
func newDatabase(
	lifecycle fx.Lifecycle, settings config.Settings, log *slog.Logger, meters *metrics.Meters,
) (database, error) {
	opened, err := openDatabase(settings, log)
	if err != nil {
		return database{}, err
	}
	if db, ok := opened.Engine.(*postgres.Database); ok {
		measurePool(meters, db)
	}
	lifecycle.Append(fx.Hook{
		OnStart: func(ctx context.Context) error { return prepare(ctx, opened.Engine, settings) },
		OnStop:  func(ctx context.Context) error { return within(ctx, opened.Close) },
	})
	return opened, nil
}

// openDatabase opens either engine, with its stores.
func openDatabase(settings config.Settings, log *slog.Logger) (database, error) {
	if settings.SQLite() {
		db, err := openSQLite(settings, log)
		if err != nil {
			return database{}, err
		}
		return database{Engine: db, Stores: sqliteStores(db), Close: db.Close}, nil
	}
	db, err := openPostgres(settings, log)
	if err != nil {
		return database{}, err
	}
	return database{Engine: db, Stores: postgresStores(db), Close: func() error {
		db.Close()
		return nil
	}}, nil
}

func openPostgres(settings config.Settings, log *slog.Logger) (*postgres.Database, error) {
	return postgres.Open(context.Background(), postgres.Config{
		URL: settings.Storage.DatabaseURL.Reveal(), MaxConns: settings.Storage.DatabaseMaxConns,
		PgBouncer: settings.Storage.PgBouncer, StatementTimeout: settings.Storage.DatabaseTimeout, Log: log,
	})
}

func openSQLite(settings config.Settings, log *slog.Logger) (*sqlite.Database, error) {
	path := settings.SQLitePath()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the folder of the database: %w", err)
	}
	return sqlite.Open(context.Background(), sqlite.Config{Path: path, Log: log})
}

func measurePool(meters *metrics.Meters, db *postgres.Database) {
	meters.Gauge("database_connections_in_use", "Connections of the pool in use.", func() float64 { return float64(db.Stats().InUse) })
	meters.Gauge("database_connections_idle", "Connections of the pool at rest.", func() float64 { return float64(db.Stats().Idle) })
	meters.Gauge("database_connections_max", "Largest number of connections of the pool.", func() float64 { return float64(db.Stats().Max) })
	meters.Counter("database_waits_total", "Times that a caller waited for a connection.", func() float64 { return float64(db.Stats().Waits) })
	meters.Counter("database_wait_seconds_total", "Time that callers waited for connections.", func() float64 { return db.Stats().Waited.Seconds() })
}

func prepare(ctx context.Context, db Engine, settings config.Settings) error {
	if err := db.Ping(ctx); err != nil {
		return fmt.Errorf("the database of DATABASE_URL does not answer: %w", cause(err))
	}
	if !settings.Storage.AutoMigrate {
		return requireMigrated(ctx, db)
	}
	if _, err := db.Migrate(ctx); err != nil {
		return fmt.Errorf("the database cannot be migrated: %w", cause(err))
	}
	return nil
}

var errNotMigrated = errors.New(`the database is not migrated, and this does not do it: run "api migrate up"`)

// requireMigrated refuses a database that lacks what this release works with. One that is ahead will do.
func requireMigrated(ctx context.Context, db Engine) error {
	pending, err := db.Plan(ctx)
	if err == nil && len(pending) > 0 {
		return errNotMigrated
	}
	return err
}

// within waits for act no longer than ctx lasts.
func within(ctx context.Context, act func() error) error {
	done := make(chan error, 1)
	go func() { done <- act() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cause is what an operator wants to read of an error: not the words meant for clients.
func cause(err error) error {
	var domain *core.Error
	if !errors.As(err, &domain) || domain.Err == nil {
		return err
	}
	return domain.Err
}

var databaseModule = fx.Module("database", fx.Provide(newDatabase))
