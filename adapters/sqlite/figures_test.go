package sqlite_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/doorward/doorward/adapters/sqlite"
	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/dashboard"
	"github.com/doorward/doorward/core/dashboard/dashboardtest"
)

func TestFigures(t *testing.T) {
	t.Parallel()
	dashboardtest.TestFigures(t, func(t *testing.T) dashboardtest.Stores {
		db := sqlitetest.Open(t)
		return dashboardtest.Stores{
			Tx: db, Figures: db.Figures(), Folder: db.Figures(), Users: db.Accounts(), Catalogues: db.Access(),
			Members: db.Access(), Sessions: db.Sessions(), Factors: db.Factors(), Retention: db.Retention(),
		}
	})
}

// TestBulkLoadsAreCounted once, also when they are run again: what is there already counts nothing.
func TestBulkLoadsAreCounted(t *testing.T) {
	t.Parallel()
	db := sqlitetest.Open(t)
	users := []account.User{accounttest.Person(""), accounttest.Person("")}
	for range 2 {
		coretest.Must(t, db.BulkUsers(t.Context(), users))
		counts, err := db.Figures().Counts(t.Context(), dashboard.ByStatus, dashboard.ByRole)
		coretest.Must(t, err)
		coretest.Equal(t, map[dashboard.Metric][]dashboard.Count{
			dashboard.ByStatus: {{Value: "active", Users: 2}}, dashboard.ByRole: {{Value: account.RoleUser, Users: 2}},
		}, counts)
	}
}

// explainer answers every query with its plan, of which it keeps the text.
type explainer struct {
	*sql.DB
	plan strings.Builder
}

// QueryContext implements litedb.DBTX. The rows that it gives are none.
func (e *explainer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := e.DB.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // it was only read
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			return nil, err
		}
		e.plan.WriteString(line + "\n")
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return e.DB.QueryContext(ctx, "SELECT 1 WHERE 0") //nolint:sqlclosecheck // whoever asked closes it
}

// TestPlansOfFigures holds every query of the dashboards to the indexes that keep it cheap among many rows.
func TestPlansOfFigures(t *testing.T) {
	t.Parallel()
	raw, err := sql.Open("sqlite", "file:"+sqlitetest.File(t))
	coretest.Must(t, err)
	t.Cleanup(func() { coretest.Must(t, raw.Close()) })
	for name, test := range map[string]struct {
		ask    func(ctx context.Context, queries *litedb.Queries) error
		wanted []string
	}{
		"counts": {
			func(ctx context.Context, queries *litedb.Queries) error {
				_, err := queries.CountsOf(ctx, []string{"status", "source"})
				return err
			},
			[]string{"SEARCH stat_totals USING PRIMARY KEY (metric=?)"},
		},
		"series": {
			func(ctx context.Context, queries *litedb.Queries) error {
				_, err := queries.SumsWithin(ctx, `[]`)
				return err
			},
			[]string{"SEARCH stat_totals USING PRIMARY KEY (metric=? AND value>? AND value<?)"},
		},
		"sign-ins": {
			func(ctx context.Context, queries *litedb.Queries) error {
				_, err := queries.RecentSignIns(ctx, 20)
				return err
			},
			[]string{"SCAN sessions USING INDEX sqlite_autoindex_sessions_1", "SEARCH users USING INDEX sqlite_autoindex_users_1 (id=?)"},
		},
	} {
		explained := &explainer{DB: raw}
		coretest.Must(t, test.ask(t.Context(), litedb.New(explained)))
		plan := explained.plan.String()
		for _, wanted := range test.wanted {
			if !strings.Contains(plan, wanted) {
				t.Errorf("%s: no %q in\n%s", name, wanted, plan)
			}
		}
		if strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN stat_totals") || strings.Contains(plan, "SCAN users") {
			t.Errorf("%s reads too much:\n%s", name, plan)
		}
	}
}

// BenchmarkFigures measures what it costs to keep the counts: each write with its triggers and without.
func BenchmarkFigures(b *testing.B) {
	for _, counting := range []bool{true, false} {
		path := sqlitetest.File(b)
		name := "with triggers"
		if !counting {
			name = "without triggers"
			raw, err := sql.Open("sqlite", "file:"+path)
			coretest.Must(b, err)
			_, err = raw.ExecContext(b.Context(), "DROP TRIGGER stat_users_added; DROP TRIGGER stat_users_changed; DROP TRIGGER stat_roles_added")
			coretest.Must(b, err)
			coretest.Must(b, raw.Close())
		}
		b.Run(name, func(b *testing.B) { benchmarkWrites(b, sqlitetest.OpenFile(b, path)) })
	}
}

func benchmarkWrites(b *testing.B, db *sqlite.Database) {
	user := accounttest.Person("")
	coretest.Must(b, db.Accounts().Create(b.Context(), user))
	b.Run("create", func(b *testing.B) {
		for b.Loop() {
			coretest.Must(b, db.Accounts().Create(b.Context(), accounttest.Person("")))
		}
	})
	b.Run("save", func(b *testing.B) {
		for b.Loop() {
			saved, err := db.Accounts().Save(b.Context(), user)
			coretest.Must(b, err)
			user.Rev = saved.Rev
		}
	})
}
