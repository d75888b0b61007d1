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
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
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

// BenchmarkAppend measures what an event costs among half a million, with the indexes of the lists for administrators
// and without: time, and bytes of write-ahead log, which do not depend on who else is at work.
func BenchmarkAppend(b *testing.B) {
	address := postgrestest.URL(b)
	conn, err := pgx.Connect(b.Context(), address)
	coretest.Must(b, err)
	defer func() { _ = conn.Close(b.Context()) }()
	run := func(statement string) {
		_, err := conn.Exec(b.Context(), statement)
		coretest.Must(b, err)
	}
	run(`INSERT INTO audit_log SELECT gen_random_uuid(), timestamptz '2026-01-01' + n * interval '1 s',
  CASE WHEN n % 10 < 7 THEN 'session.sign_in' ELSE 'account.update' END, CASE WHEN n % 20 = 0 THEN 'failure' ELSE 'success' END,
  '', 'person', CASE WHEN n % 20 > 0 THEN md5((n % 50000)::text)::uuid END, md5((n % 50000)::text)::uuid, NULL, '',
  '192.0.' || n % 250 || '.' || n % 199, '', '', '', '{}', '2027-01-01' FROM generate_series(1, 500000) AS n`)
	run("ANALYZE audit_log")
	log := postgrestest.OpenURL(b, address).Audit()
	people := make([]core.ID, 50_000)
	for i := range people {
		people[i] = accounttest.NewID()
	}
	measure := func(b *testing.B) {
		wal := func() (bytes float64) {
			coretest.Must(b, conn.QueryRow(b.Context(), "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").Scan(&bytes))
			return bytes
		}
		before, i := wal(), 0
		for b.Loop() {
			event := audittest.Event(people[i%len(people)], coretest.Epoch)
			event.Action, event.Outcome, event.IP = audit.ActionSignIn, audit.Success, fmt.Sprint("198.51.100.", i%250)
			coretest.Must(b, log.Append(b.Context(), event))
			i++
		}
		b.ReportMetric((wal()-before)/float64(i), "walB/op")
	}
	b.Run("with", measure)
	run("DROP INDEX audit_log_by_actor, audit_log_by_ip, audit_log_troubled, audit_log_attempts, audit_log_by_action")
	b.Run("without", measure)
}
