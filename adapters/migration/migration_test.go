package migration_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite"

	"github.com/doorward/doorward/adapters/migration"
	"github.com/doorward/doorward/core/coretest"
)

const (
	first  = "-- +goose Up\nCREATE TABLE a (n integer);\n"
	second = "-- +goose Up\nCREATE TABLE b (n integer);\n"
	broken = "-- +goose Up\nCREATE TABLE c (n integer);\nINSERT INTO nowhere VALUES (1);\n"
)

func files(texts ...string) fstest.MapFS {
	folder := fstest.MapFS{}
	for i, text := range texts {
		folder[[]string{"00001_a.sql", "00002_b.sql", "00003_c.sql"}[i]] = &fstest.MapFile{Data: []byte(text)}
	}
	return folder
}

func open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "test.db"))
	coretest.Must(t, err)
	t.Cleanup(func() { coretest.Must(t, db.Close()) })
	return db
}

func set(t *testing.T, db *sql.DB, texts ...string) *migration.Set {
	t.Helper()
	set, err := migration.New(goose.DialectSQLite3, db, files(texts...))
	coretest.Must(t, err)
	return set
}

func names(migrations []migration.Migration) (names []string) {
	for _, one := range migrations {
		names = append(names, one.Name)
	}
	return names
}

func TestUpAppliesThePlanOnce(t *testing.T) {
	t.Parallel()
	db := open(t)
	older := set(t, db, first)
	applied, err := older.Up(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, []string{"00001_a.sql"}, names(applied))

	newer := set(t, db, first, second)
	plan, err := newer.Plan(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, []migration.Migration{{Version: 2, Name: "00002_b.sql", SQL: second}}, plan)
	applied, err = newer.Up(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, []string{"00002_b.sql"}, names(applied))
	applied, err = newer.Up(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, nil, applied)

	status, err := newer.Status(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, []string{"00001_a.sql", "00002_b.sql"}, names(status))
	for _, one := range status {
		coretest.Equal(t, false, one.AppliedAt.IsZero())
	}
}

func TestAnOlderReleaseLeavesANewerSchemaAlone(t *testing.T) {
	t.Parallel()
	db := open(t)
	_, err := set(t, db, first, second).Up(t.Context())
	coretest.Must(t, err)
	applied, err := set(t, db, first).Up(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, nil, applied)
}

func TestABrokenMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	db := open(t)
	set := set(t, db, first, second, broken)
	if _, err := set.Up(t.Context()); err == nil {
		t.Fatal("a broken migration was applied")
	}
	plan, err := set.Plan(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, []string{"00003_c.sql"}, names(plan))
	_, err = db.ExecContext(t.Context(), "SELECT n FROM c")
	if err == nil {
		t.Fatal("half of a broken migration stayed")
	}
}

func TestFilesThatAreNoMigrations(t *testing.T) {
	t.Parallel()
	_, err := migration.New(goose.DialectSQLite3, open(t), fstest.MapFS{"00000_x.sql": {Data: []byte(first)}})
	if err == nil {
		t.Fatal("version 0 was accepted")
	}
}
