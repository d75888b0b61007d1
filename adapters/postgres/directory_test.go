package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/internal/userlist"
	"github.com/doorward/doorward/adapters/internal/userlist/userlisttest"
	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core/coretest"
)

// TestPlansOfUserLists asks for the plans of an empty database. Of so little the planner would read anything whole and
// sort it; forbidden to, it shows which index it can walk by.
func TestPlansOfUserLists(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), postgrestest.URL(t))
	coretest.Must(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	for _, switched := range []string{"seqscan", "bitmapscan", "sort", "incremental_sort", "hashjoin", "mergejoin", "material"} {
		if _, err := conn.Exec(t.Context(), "SET enable_"+switched+" = off"); err != nil && switched != "incremental_sort" {
			t.Fatal(err)
		}
	}
	explain := func(t *testing.T, statement userlist.Statement) string {
		t.Helper()
		args := append([]any{pgx.QueryExecModeExec}, statement.Args...)
		for i, arg := range args {
			if id, is := arg.(interface{ String() string }); is && i > 0 && len(id.String()) == 36 {
				args[i] = id.String()
			}
		}
		rows, err := conn.Query(t.Context(), "EXPLAIN (COSTS OFF) "+statement.SQL, args...)
		coretest.Must(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		coretest.Must(t, err)
		return strings.Join(lines, "\n")
	}
	userlisttest.TestPlans(t, postgres.ListDialect, userlisttest.Indexes{Email: "users_by_email", Username: "users_by_username"}, explain,
		func(line string) bool { return strings.Contains(line, "Seq Scan") },
		func(line string) bool { return strings.Contains(line, "Sort") })
}
