package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/dashboard"
	"github.com/doorward/doorward/core/dashboard/dashboardtest"
	"github.com/doorward/doorward/core/session"
)

func TestFigures(t *testing.T) {
	t.Parallel()
	dashboardtest.TestFigures(t, func(t *testing.T) dashboardtest.Stores {
		db := postgrestest.Open(t)
		return dashboardtest.Stores{
			Tx: db, Figures: db.Figures(), Folder: db.Figures(), Users: db.Accounts(), Catalogues: db.Access(),
			Members: db.Access(), Sessions: db.Sessions(), Factors: db.Factors(), Retention: db.Retention(),
		}
	})
}

// figured is a database of which a test sees the tables too.
type figured struct {
	*postgres.Database
	t    testing.TB
	conn *pgx.Conn
}

func openFigured(t testing.TB) figured {
	t.Helper()
	address := postgrestest.URL(t)
	conn, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return figured{postgrestest.OpenURL(t, address), t, conn}
}

func (f figured) exec(statement string, args ...any) {
	f.t.Helper()
	_, err := f.conn.Exec(f.t.Context(), statement, args...)
	coretest.Must(f.t, err)
}

// noted counts the changes that nobody has folded.
func (f figured) noted() (rows int) {
	f.t.Helper()
	coretest.Must(f.t, f.conn.QueryRow(f.t.Context(), "SELECT count(*) FROM stat_deltas").Scan(&rows))
	return rows
}

func (f figured) folded() {
	f.t.Helper()
	coretest.Must(f.t, dashboard.FoldAll(f.t.Context(), f.Figures()))
	coretest.Equal(f.t, 0, f.noted())
}

// TestChangesNoteWhatTheyTouch counts the rows that each kind of statement adds for whoever folds: one for each value, of
// however many accounts, and none where nothing that is counted changes.
func TestChangesNoteWhatTheyTouch(t *testing.T) {
	t.Parallel()
	f := openFigured(t)
	user := accounttest.Person("")
	coretest.Must(t, f.Accounts().Create(t.Context(), user))
	coretest.Equal(t, 7+1, f.noted()) // seven metrics of an account, one of its role
	save := func(change func(user *account.User)) {
		t.Helper()
		f.folded()
		change(&user)
		saved, err := f.Accounts().Save(t.Context(), user)
		coretest.Must(t, err)
		user.Rev = saved.Rev
	}
	save(func(user *account.User) { user.Profile.Name, user.UpdatedAt = "Grace", user.UpdatedAt.Add(time.Hour) })
	coretest.Equal(t, 0, f.noted())
	save(func(user *account.User) { user.Profile.Locale = "en-US" })
	coretest.Equal(t, 0, f.noted())
	save(func(user *account.User) { user.Country, user.Status = "AT", account.StatusSuspended })
	coretest.Equal(t, 4, f.noted())
	f.folded()
	var many []account.User
	for range 100 {
		many = append(many, accounttest.Person(""))
	}
	coretest.Must(t, f.BulkUsers(t.Context(), many))
	coretest.Equal(t, 7+1, f.noted())
}

// TestEmptiedTables are counted as empty.
func TestEmptiedTables(t *testing.T) {
	t.Parallel()
	f := openFigured(t)
	for folds := range 2 {
		user := accounttest.Person("")
		coretest.Must(t, f.Accounts().Create(t.Context(), user))
		_, err := f.Sessions().Open(t.Context(), session.Opening{Session: sessionOf(user.ID), UserRev: user.Rev, Limit: 10})
		coretest.Must(t, err)
		if folds > 0 {
			f.folded()
		}
		f.exec("TRUNCATE users CASCADE")
		f.agree()
		counts, err := f.Figures().Counts(t.Context(), dashboard.ByStatus, dashboard.ByRole)
		coretest.Must(t, err)
		coretest.Equal(t, map[dashboard.Metric][]dashboard.Count{}, counts)
	}
}

// fullCount is what the counts should be, by another query than that of the migration.
const fullCount = `
SELECT 'status', status, count(*) FROM users GROUP BY status
UNION ALL SELECT 'source', source, count(*) FROM users GROUP BY source
UNION ALL SELECT 'country', country, count(*) FROM users GROUP BY country
UNION ALL SELECT 'auth', CASE WHEN password_hash IS NULL THEN 'none' ELSE 'password' END, count(*) FROM users GROUP BY 2
UNION ALL SELECT 'language', lower(substring(locale FROM '^[^-]*')), count(*) FROM users GROUP BY 2
UNION ALL SELECT 'created_day', (created_at AT TIME ZONE 'UTC')::date::text, count(*) FROM users GROUP BY 2
UNION ALL SELECT 'created', replace(left((date_trunc('hour', u) + floor(extract(minute FROM u) / 15) * interval '15 min')::text, 16), ' ', 'T'),
  count(*) FROM (SELECT created_at AT TIME ZONE 'UTC' AS u FROM users) AS utc GROUP BY 2
UNION ALL SELECT 'role', role, count(*) FROM user_roles GROUP BY role
UNION ALL SELECT 'second_factor', kind, count(DISTINCT user_id) FROM factors WHERE confirmed_at IS NOT NULL GROUP BY kind`

// agree holds what is kept of rows that stand against a full count of them.
func (f figured) agree() {
	f.t.Helper()
	read := func(query string) map[string]int64 {
		rows, err := f.conn.Query(f.t.Context(), query)
		coretest.Must(f.t, err)
		counts := map[string]int64{}
		var metric, value string
		var n int64
		_, err = pgx.ForEachRow(rows, []any{&metric, &value, &n}, func() error {
			counts[metric+" "+value] = n
			return nil
		})
		coretest.Must(f.t, err)
		return counts
	}
	coretest.Equal(f.t, read(fullCount), read(`
SELECT metric, value, sum(n)::bigint FROM stat_counts
WHERE metric NOT IN ('sign_in', 'sign_in_day', 'group') AND (metric, value) <> ('second_factor', 'any')
GROUP BY metric, value HAVING sum(n) <> 0`))
}

// beforeFigures is the migration before the one that begins to count.
const beforeFigures = 17

// TestCountingBeginsWhileOthersWrite migrates a database in use: whatever is written before, during and after is counted
// once.
func TestCountingBeginsWhileOthersWrite(t *testing.T) {
	t.Parallel()
	const writers = 8
	address := postgrestest.EmptyURL(t)
	migrateTo(t, address, beforeFigures)
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	began := make(chan struct{}, writers)
	for range writers {
		writing.Go(func() { churnUntil(ctx, t, address, began) })
	}
	for range writers {
		<-began
	}
	db := postgrestest.OpenURL(t, address)
	_, err := db.Migrate(t.Context())
	stop()
	writing.Wait()
	coretest.Must(t, err)
	conn, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	f := figured{db, t, conn}
	f.agree()
	f.folded()
	f.agree()
}

// churnUntil writes until ctx ends, and once more. It tells when it has begun.
func churnUntil(ctx context.Context, t *testing.T, address string, began chan<- struct{}) {
	conn, err := pgx.Connect(t.Context(), address)
	if err == nil {
		defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
		_, err = conn.Exec(t.Context(), churn)
	}
	began <- struct{}{}
	for err == nil && ctx.Err() == nil {
		_, err = conn.Exec(t.Context(), churn)
	}
	if err == nil {
		_, err = conn.Exec(t.Context(), churn)
	}
	if err != nil {
		t.Error(err)
	}
}

// churn opens two accounts, changes one and removes another, as the schema was before anything was counted.
const churn = `
WITH added AS (
  INSERT INTO users (
    id, email, email_key, email_verified, name, bio, image_url, locale, phone, status, must_reset, created_at, updated_at, rev
  )
  SELECT id, id || '@example.com', id || '@example.com', true, 'Ada', '', '', 'en-GB', '', 'active', false, now(), now(), 1
  FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 2)) AS person
  RETURNING id
), assigned AS (
  INSERT INTO user_roles (user_id, role) SELECT id, 'USER' FROM added
), changed AS (
  UPDATE users SET country = 'AT', status = 'suspended'
  WHERE id IN (SELECT id FROM users WHERE country = '' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
)
DELETE FROM users WHERE id IN (SELECT id FROM users WHERE country = 'AT' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)`

// TestPlansOfFigures holds every query of the dashboards to the indexes that keep it cheap among millions of rows.
func TestPlansOfFigures(t *testing.T) {
	t.Parallel()
	f := openFigured(t)
	for _, user := range []account.User{accounttest.Person(""), accounttest.Person("")} {
		coretest.Must(t, f.Accounts().Create(t.Context(), user))
	}
	f.exec("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off")
	counts := []string{"using stat_totals_pkey", "using stat_deltas_by_metric"}
	for name, test := range map[string]struct {
		query  string
		args   []any
		wanted []string
	}{
		"counts": {pgdb.CountsOf, []any{[]string{"status", "source"}}, counts},
		"series": {
			pgdb.SumsWithin, []any{`[{"place":0,"metric":"created","begins":"2026-01-01T00:00","ends":"2026-01-01T01:00"}]`}, counts,
		},
		"sign-ins": {pgdb.RecentSignIns, []any{20}, []string{"Scan Backward using sessions_pkey", "using users_pkey"}},
		"fold":     {pgdb.FoldFigures, []any{100}, []string{"Tid Scan on stat_deltas"}},
	} {
		rows, err := f.conn.Query(t.Context(), "EXPLAIN "+test.query, test.args...)
		coretest.Must(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		coretest.Must(t, err)
		plan := strings.Join(lines, "\n")
		for _, wanted := range test.wanted {
			if !strings.Contains(plan, wanted) {
				t.Errorf("%s: no %q in\n%s", name, wanted, plan)
			}
		}
		if name != "fold" && (strings.Contains(plan, "Seq Scan") || name == "sign-ins" && strings.Contains(plan, "Sort")) {
			t.Errorf("%s reads too much:\n%s", name, plan)
		}
	}
}

// BenchmarkFigures measures what the dashboards ask of the database among a million accounts, and what it costs to keep
// the counts: each write with its triggers and without.
func BenchmarkFigures(b *testing.B) {
	f := openFigured(b)
	f.exec(`INSERT INTO users (
  id, email, email_key, email_verified, name, bio, image_url, locale, phone, status, password_hash, must_reset, created_at,
  updated_at, rev, country
) SELECT gen_random_uuid(), n || '@example.com', n || '@example.com', true, 'Ada', '', '', (ARRAY['en-GB','de','','fr-CA'])[1 + n % 4],
  '', 'active', '$argon2id$x', false, at, at, 1, (ARRAY['GB','DE','','CA','US','JP'])[1 + n % 6]
FROM (SELECT n, timestamptz '2026-03-01T00:00:00Z' - n * interval '95 s' AS at FROM generate_series(1, 1000000) AS n) AS row`)
	f.exec("INSERT INTO user_roles (user_id, role) SELECT id, 'USER' FROM users")
	f.folded()
	f.exec("VACUUM ANALYZE")
	b.Run("read", func(b *testing.B) { benchmarkReads(b, f) })
	for _, counting := range []string{"ENABLE", "DISABLE"} {
		for _, table := range []string{"users", "user_roles", "sessions"} {
			f.exec(fmt.Sprintf("ALTER TABLE %s %s TRIGGER stat_added", table, counting))
		}
		f.exec(fmt.Sprintf("ALTER TABLE users %s TRIGGER stat_changed", counting))
		b.Run("write, triggers "+strings.ToLower(counting)+"d", func(b *testing.B) { benchmarkWrites(b, f) })
	}
}

func benchmarkReads(b *testing.B, f figured) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	coretest.Must(b, err)
	var days, weeks []time.Time
	for n := range 367 {
		days = append(days, time.Date(2025, 3, 1+n, 0, 0, 0, 0, berlin))
	}
	for n := range 157 {
		weeks = append(weeks, time.Date(2023, 3, 1+7*n, 0, 0, 0, 0, berlin))
	}
	for name, read := range map[string]func() error{
		"counts": func() error {
			_, err := f.Figures().Counts(b.Context(), dashboard.ByStatus, dashboard.ByCountry)
			return err
		},
		"days":   func() error { _, err := f.Figures().Before(b.Context(), dashboard.Opened, days); return err },
		"weeks":  func() error { _, err := f.Figures().Before(b.Context(), dashboard.Opened, weeks); return err },
		"recent": func() error { _, err := f.Figures().RecentSignIns(b.Context(), 100); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				coretest.Must(b, read())
			}
		})
	}
}

func benchmarkWrites(b *testing.B, f figured) {
	user := accounttest.Person("")
	coretest.Must(b, f.Accounts().Create(b.Context(), user))
	b.Run("create", func(b *testing.B) {
		for b.Loop() {
			coretest.Must(b, f.Accounts().Create(b.Context(), accounttest.Person("")))
		}
	})
	b.Run("save", func(b *testing.B) {
		for b.Loop() {
			saved, err := f.Accounts().Save(b.Context(), user)
			coretest.Must(b, err)
			user.Rev = saved.Rev
		}
	})
	b.Run("sign in", func(b *testing.B) {
		for b.Loop() {
			_, err := f.Sessions().Open(b.Context(), session.Opening{Session: sessionOf(user.ID), UserRev: user.Rev, Limit: 10})
			coretest.Must(b, err)
		}
	})
	b.Run("load 1000 of 5 months", func(b *testing.B) {
		for b.Loop() {
			users := make([]account.User, 1000)
			for i := range users {
				users[i] = accounttest.Person("")
				users[i].CreatedAt = coretest.Epoch.Add(-time.Duration(i) * 13_000 * time.Second)
			}
			coretest.Must(b, f.BulkUsers(b.Context(), users))
		}
	})
	f.folded()
}
