// Package sqlitetest gives tests an SQLite database of their own, in a file that lives as long as the test.
package sqlitetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/doorward/doorward/adapters/sqlite"
)

// Open gives a migrated, empty database.
func Open(tb testing.TB) *sqlite.Database {
	tb.Helper()
	return OpenFile(tb, File(tb))
}

// OpenFile opens a file, for tests that play several processes.
func OpenFile(tb testing.TB, path string) *sqlite.Database {
	tb.Helper()
	db, err := sqlite.Open(tb.Context(), sqlite.Config{Path: path, Volatile: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

var template = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "doorward-template-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "template.db")
	db, err := sqlite.Open(context.Background(), sqlite.Config{Path: path, Volatile: true})
	if err != nil {
		return nil, err
	}
	if _, err := db.Migrate(context.Background()); err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil { // which folds the log into the file
		return nil, err
	}
	return os.ReadFile(path)
})

// File gives the path of a migrated, empty database that nobody has opened.
func File(tb testing.TB) string {
	tb.Helper()
	contents, err := template()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "test.db")
	if err := os.WriteFile(path, contents, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
