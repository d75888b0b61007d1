package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/internal/recordlist/recordlisttest"
	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core/coretest"
)

// TestPlansOfRecords asks for the plans that are made for all parameters alike: those know least. Of so little the
// planner would read anything whole and sort it, which it is kept from.
func TestPlansOfRecords(t *testing.T) {
	t.Parallel()
	address := postgrestest.URL(t)
	raw := connect(t, address)
	raw.run(t, "SET plan_cache_mode = force_generic_plan")
	for _, way := range []string{"seqscan", "bitmapscan", "sort"} {
		raw.run(t, "SET enable_"+way+" = off")
	}
	plans := 0
	recordlisttest.TestPlans(t, recordlisttest.Engine{
		Log: postgrestest.OpenURL(t, address).Audit(), Dialect: postgres.RecordDialect, Key: "outbox_pkey",
		Analyze: func(t *testing.T) { t.Helper(); raw.run(t, "ANALYZE") },
		Explain: func(t *testing.T, statement string, parameters []any) string {
			t.Helper()
			plans++
			name := fmt.Sprint("plan", plans)
			_, err := raw.Prepare(t.Context(), name, statement)
			coretest.Must(t, err)
			rows, err := raw.Query(t.Context(), "EXPLAIN EXECUTE "+name+literals(parameters), pgx.QueryExecModeExec)
			coretest.Must(t, err)
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			coretest.Must(t, err)
			return strings.Join(lines, "\n")
		},
		Whole: func(line string) bool { return strings.Contains(line, "Seq Scan") },
		Sorts: func(line string) bool { return strings.Contains(line, "Sort") },
	})
}

// literals writes parameters into a statement, where there is no other way.
func literals(parameters []any) string {
	var texts []string
	for _, parameter := range parameters {
		if at, is := parameter.(time.Time); is {
			parameter = at.Format(time.RFC3339Nano)
		}
		texts = append(texts, fmt.Sprintf("'%v'", parameter))
	}
	return "(" + strings.Join(texts, ", ") + ")"
}
