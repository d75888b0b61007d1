package sqlite_test

import (
	"strings"
	"testing"

	"github.com/doorward/doorward/adapters/internal/recordlist/recordlisttest"
	"github.com/doorward/doorward/adapters/sqlite"
	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core/coretest"
)

func TestPlansOfRecords(t *testing.T) {
	t.Parallel()
	path := sqlitetest.File(t)
	raw := connect(t, path)
	recordlisttest.TestPlans(t, recordlisttest.Engine{
		Log: sqlitetest.OpenFile(t, path).Audit(), Dialect: sqlite.RecordDialect, Key: "sqlite_autoindex_outbox_1",
		Analyze: func(*testing.T) {},
		Explain: func(t *testing.T, statement string, parameters []any) string {
			t.Helper()
			rows, err := raw.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, parameters...)
			coretest.Must(t, err)
			defer func() { _ = rows.Close() }()
			var plan strings.Builder
			for rows.Next() {
				var id, parent, unused int
				var detail string
				coretest.Must(t, rows.Scan(&id, &parent, &unused, &detail))
				plan.WriteString(detail + "\n")
			}
			coretest.Must(t, rows.Err())
			return plan.String()
		},
		Whole: func(line string) bool { return strings.HasPrefix(line, "SCAN") && !strings.Contains(line, "USING") },
		Sorts: func(line string) bool { return strings.Contains(line, "TEMP B-TREE") },
	})
}
