package sqlite_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/doorward/doorward/adapters/internal/userlist"
	"github.com/doorward/doorward/adapters/internal/userlist/userlisttest"
	"github.com/doorward/doorward/adapters/sqlite"
	"github.com/doorward/doorward/core/coretest"
)

// TestPlansOfUserLists asks for the plans of a database without statistics, as every one here is: SQLite plans by what
// the statements say alone.
func TestPlansOfUserLists(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/plans.db"
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Volatile: true})
	coretest.Must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	_, err = db.Migrate(t.Context())
	coretest.Must(t, err)
	raw, err := sql.Open("sqlite", path)
	coretest.Must(t, err)
	t.Cleanup(func() { _ = raw.Close() })
	explain := func(t *testing.T, statement userlist.Statement) string {
		t.Helper()
		rows, err := raw.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement.SQL, statement.Args...)
		coretest.Must(t, err)
		defer rows.Close()
		var plan strings.Builder
		for rows.Next() {
			var id, parent, unused int
			var detail string
			coretest.Must(t, rows.Scan(&id, &parent, &unused, &detail))
			plan.WriteString(detail + "\n")
		}
		coretest.Must(t, rows.Err())
		return plan.String()
	}
	userlisttest.TestPlans(t, sqlite.ListDialect,
		userlisttest.Indexes{Email: "sqlite_autoindex_users_2", Username: "sqlite_autoindex_users_3"}, explain,
		func(line string) bool { return strings.HasPrefix(line, "SCAN users") && !strings.Contains(line, "USING") },
		func(line string) bool { return strings.Contains(line, "TEMP B-TREE") })
}
