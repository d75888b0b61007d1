package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"github.com/doorward/doorward/adapters/migration"
	"github.com/doorward/doorward/core/account"
	schema "github.com/doorward/doorward/sql"
)

const migrateLock = "migrate"

// registerNameKey gives migrations account.NameKey as name_key(text): lower of SQLite knows ASCII alone. The driver keeps
// functions for all connections that are opened from then on.
var registerNameKey = sync.OnceValue(func() error {
	return sqlite.RegisterDeterministicScalarFunction("name_key", 1,
		func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			name, is := args[0].(string)
			if !is {
				return nil, errors.New("sqlite: name_key wants a text")
			}
			return account.NameKey(name), nil
		})
})

// Migrate applies what is pending and gives what it applied. Any number of processes may call it at once:
// one works, the others wait and find nothing to do. Nothing but ctx bounds the wait and the migration itself.
func (db *Database) Migrate(ctx context.Context) ([]migration.Migration, error) {
	release, err := db.Locks().wait(ctx, migrateLock)
	if err != nil {
		return nil, err
	}
	defer release()
	set, err := db.migrations()
	if err != nil {
		return nil, err
	}
	applied, err := set.Up(ctx)
	return applied, translate(err)
}

// Status gives every migration that this release knows, oldest first.
func (db *Database) Status(ctx context.Context) ([]migration.Migration, error) {
	set, err := db.migrations()
	if err != nil {
		return nil, err
	}
	all, err := set.Status(ctx)
	return all, translate(err)
}

// Plan gives the migrations that Migrate would apply.
func (db *Database) Plan(ctx context.Context) ([]migration.Migration, error) {
	set, err := db.migrations()
	if err != nil {
		return nil, err
	}
	pending, err := set.Plan(ctx)
	return pending, translate(err)
}

func (db *Database) migrations() (*migration.Set, error) {
	return migration.New(goose.DialectSQLite3, db.writer, schema.SQLite())
}
