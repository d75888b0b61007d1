// Package migration brings a database to the newest schema, for the engines' adapters. It knows goose and
// nothing of any engine: the lock under which Up runs is the adapter's.
package migration

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/pressly/goose/v3"
)

// Migration is one step of the schema.
type Migration struct {
	Version int64
	// Name is the file's.
	Name string
	// SQL is the file's text.
	SQL string
	// AppliedAt is zero while the migration is pending.
	AppliedAt time.Time
}

// Set is the migrations of one engine and the database that they are for.
type Set struct {
	provider *goose.Provider
	files    fs.FS
}

// New makes a set of the files. The error is of files that are no migrations.
func New(dialect goose.Dialect, db *sql.DB, files fs.FS) (*Set, error) {
	provider, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("migration: %w", err)
	}
	return &Set{provider: provider, files: files}, nil
}

// Up applies what is pending, each migration in a transaction of its own, and gives what it applied. A
// database that is ahead of the set, because a newer release has been at work, is left alone.
func (s *Set) Up(ctx context.Context) ([]Migration, error) {
	results, err := s.provider.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("migration: %w", err)
	}
	applied := make([]Migration, 0, len(results))
	for _, result := range results {
		applied = append(applied, s.describe(result.Source, time.Now()))
	}
	return applied, nil
}

// Status gives every migration of the set, oldest first.
func (s *Set) Status(ctx context.Context) ([]Migration, error) {
	results, err := s.provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("migration: %w", err)
	}
	all := make([]Migration, 0, len(results))
	for _, result := range results {
		all = append(all, s.describe(result.Source, result.AppliedAt))
	}
	return all, nil
}

// Plan gives the pending migrations, in the order in which Up would apply them.
func (s *Set) Plan(ctx context.Context) ([]Migration, error) {
	all, err := s.Status(ctx)
	if err != nil {
		return nil, err
	}
	pending := all[:0]
	for _, migration := range all {
		if migration.AppliedAt.IsZero() {
			pending = append(pending, migration)
		}
	}
	return pending, nil
}

func (s *Set) describe(source *goose.Source, appliedAt time.Time) Migration {
	name := path.Base(source.Path)
	text, _ := fs.ReadFile(s.files, name) // goose has read the same file
	return Migration{Version: source.Version, Name: name, SQL: string(text), AppliedAt: appliedAt}
}
