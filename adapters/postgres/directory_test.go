package postgres_test

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/internal/userlist"
	"github.com/doorward/doorward/adapters/internal/userlist/userlisttest"
	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
	schema "github.com/doorward/doorward/sql"
)

// TestPlansOfUserLists asks for the plans of a database with five thousand users, so that there are statistics to choose by.
// Of so few the planner would read anything whole and sort it; forbidden to, it shows which index it walks by.
func TestPlansOfUserLists(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), postgrestest.URL(t))
	coretest.Must(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	for _, statement := range []string{
		strings.Replace(million, "1000000", "5000", 1),
		"INSERT INTO user_roles (user_id, role) SELECT id, 'USER' FROM users",
		"INSERT INTO user_roles (user_id, role) SELECT id, 'ADMIN' FROM users WHERE email LIKE '%00@%'",
		"INSERT INTO access_groups (id, name, description, created_at, updated_at) VALUES ('01000000-0000-0000-0000-000000000000', 'old', '', now(), now())",
		`INSERT INTO user_groups (user_id, group_id, assigned_at)
SELECT id, '01000000-0000-0000-0000-000000000000', created_at FROM users WHERE email < 'user0001001'`,
		"VACUUM ANALYZE users, user_roles, user_groups",
		// Whether a vacuum finds all rows visible to all depends on who else is there.
		"UPDATE pg_class SET relallvisible = relpages WHERE oid IN ('users'::regclass, 'user_roles'::regclass, 'user_groups'::regclass)",
	} {
		_, err := conn.Exec(t.Context(), statement)
		coretest.Must(t, err)
	}
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
		return strings.ReplaceAll(strings.Join(lines, "\n"), "Scan Backward", "Scan")
	}
	userlisttest.TestPlans(t, postgres.ListDialect, userlisttest.Indexes{
		Email: "users_listed_by_email", Username: "users_listed_by_username", Covering: "Index Only Scan using ",
	}, explain, func(line string) bool { return strings.Contains(line, "Seq Scan") },
		func(line string) bool { return strings.Contains(line, "Sort") })
}

// TestUserListsMigrationRunsAgain runs every statement of the migration a second time, as after a crash in the middle of
// it: over rows of releases before it, and an index whose making was cut off.
func TestUserListsMigrationRunsAgain(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	db := postgrestest.OpenURL(t, url)
	user := accounttest.Person("ada")
	coretest.Must(t, db.Accounts().Create(t.Context(), user))
	conn, err := pgx.Connect(t.Context(), url)
	coretest.Must(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	exec := func(statement string) {
		t.Helper()
		_, err := conn.Exec(t.Context(), statement)
		coretest.Must(t, err)
	}
	exec("UPDATE users SET name_key = ''; UPDATE user_roles SET user_created_at = NULL")
	exec("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'users_by_creation'::regclass")
	text, err := fs.ReadFile(schema.Postgres(), "00012_user_lists.sql")
	coretest.Must(t, err)
	for _, statement := range statements(string(text)) {
		exec(statement)
	}
	var valid bool
	coretest.Must(t, conn.QueryRow(t.Context(),
		"SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_by_creation'::regclass").Scan(&valid))
	coretest.Equal(t, true, valid)
	places, _, err := db.Directory().Places(t.Context(), directory.Listing{
		Filter: directory.Filter{Role: account.RoleUser}, Sort: directory.NewestFirst, Limit: 10,
	})
	coretest.Must(t, err)
	coretest.Equal(t, []directory.Place{{ID: user.ID, At: user.CreatedAt}}, places)
	places, _, err = db.Directory().Search(t.Context(), directory.Search{Text: directory.NewSearchText("ada love"), Limit: 10})
	coretest.Must(t, err)
	coretest.Equal(t, []directory.Place{{ID: user.ID, Key: "ada lovelace"}}, places)
}

// TestNamesAreKeyedByMany lets several replicas make the keys of names at once, while another of an older release goes on
// giving names without any. What a release writes that knows keys is right in the end too.
func TestNamesAreKeyedByMany(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	db := postgrestest.OpenURL(t, url)
	older, err := pgx.Connect(t.Context(), url)
	coretest.Must(t, err)
	t.Cleanup(func() { _ = older.Close(context.WithoutCancel(t.Context())) })
	const people, replicas = 30, 4
	ids := make([]core.ID, people)
	for i := range ids {
		ids[i] = someWeiss(t, db)
	}
	coretest.Race(t, replicas, nil, func(ctx context.Context, i int) error {
		if i == 0 {
			_, err := older.Exec(ctx, "UPDATE users SET name = 'Groß' WHERE id = ANY($1)", ids[:people/2])
			return err
		}
		_, err := db.Directory().KeyNames(ctx, people/replicas)
		return err
	})
	_, err = older.Exec(t.Context(), "DELETE FROM users WHERE id = $1", ids[0])
	coretest.Must(t, err)
	_, err = db.Directory().KeyNames(t.Context(), people+1)
	coretest.Must(t, err)
	for text, want := range map[string]int{"gross": people/2 - 1, "weiss": people - people/2} {
		places, _, err := db.Directory().Search(t.Context(), directory.Search{Text: directory.NewSearchText(text), Limit: people})
		coretest.Must(t, err)
		coretest.Equal(t, want, len(places))
	}
	var left int
	coretest.Must(t, older.QueryRow(t.Context(), "SELECT count(*) FROM unkeyed_names").Scan(&left))
	coretest.Equal(t, 0, left)
}

// someWeiss opens an account and renames it to what has the same key.
func someWeiss(t *testing.T, db *postgres.Database) core.ID {
	t.Helper()
	user := accounttest.Person("")
	user.Profile.Name = "WEISS"
	coretest.Must(t, db.Accounts().Create(t.Context(), user))
	user, err := db.Accounts().Find(t.Context(), user.ID)
	coretest.Must(t, err)
	user.Profile.Name = "Weiß"
	_, err = db.Accounts().Save(t.Context(), user)
	coretest.Must(t, err)
	return user.ID
}

// statements splits a migration as goose does.
func statements(text string) (all []string) {
	for i, part := range strings.Split(text, "-- +goose Statement") {
		if block, is := strings.CutPrefix(part, "Begin\n"); is && i > 0 {
			all = append(all, block)
			continue
		}
		for statement := range strings.SplitSeq(strings.TrimPrefix(part, "End"), ";\n") {
			if strings.TrimSpace(statement) != "" {
				all = append(all, statement)
			}
		}
	}
	return all
}

// BenchmarkUserLists measures lists and searches among a million users.
func BenchmarkUserLists(b *testing.B) {
	url := postgrestest.URL(b)
	conn, err := pgx.Connect(b.Context(), url)
	coretest.Must(b, err)
	defer func() { _ = conn.Close(b.Context()) }()
	// Indexes are made once the rows are there: that takes a third of the time.
	rows, err := conn.Query(b.Context(), `SELECT indexdef FROM pg_indexes WHERE tablename IN ('users', 'user_roles', 'user_groups')
AND indexname NOT LIKE '%\_pkey' AND indexname NOT LIKE '%\_unique'`)
	coretest.Must(b, err)
	indexes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	coretest.Must(b, err)
	for _, statement := range slices.Concat([]string{
		`DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT indexname FROM pg_indexes WHERE tablename IN ('users', 'user_roles', 'user_groups')
    AND indexname NOT LIKE '%\_pkey' AND indexname NOT LIKE '%\_unique' LOOP EXECUTE 'DROP INDEX ' || name; END LOOP;
END $$`,
		"ALTER TABLE users DISABLE TRIGGER USER", "ALTER TABLE user_roles DISABLE TRIGGER USER", "ALTER TABLE user_groups DISABLE TRIGGER USER",
		million,
		"INSERT INTO user_roles (user_id, role, assigned_at, user_created_at) SELECT id, 'USER', created_at, created_at FROM users",
		"INSERT INTO user_roles (user_id, role, assigned_at, user_created_at) SELECT id, 'ADMIN', created_at, created_at FROM users WHERE email LIKE '%0000@%'",
		`INSERT INTO access_groups (id, name, description, created_at, updated_at) VALUES
  ('00000000-0000-0000-0000-000000000001', 'wide', '', now(), now()), ('00000000-0000-0000-0000-000000000002', 'old', '', now(), now())`,
		`INSERT INTO user_groups (user_id, group_id, assigned_at, user_created_at)
SELECT id, '00000000-0000-0000-0000-000000000001'::uuid, created_at, created_at FROM users WHERE right(split_part(email, '@', 1), 1)::int % 2 = 0
UNION ALL SELECT id, '00000000-0000-0000-0000-000000000002'::uuid, created_at, created_at FROM users WHERE email < 'user0010001'`,
	}, indexes, []string{"VACUUM ANALYZE users, user_roles, user_groups"}) {
		_, err := conn.Exec(b.Context(), statement)
		coretest.Must(b, err)
	}
	userlisttest.Bench(b, postgrestest.OpenURL(b, url).Directory())
}

// million makes the users that userlisttest.Bench wants. Their ids are in no order.
const million = `INSERT INTO users (
  id, email, email_key, email_verified, username, username_key, name, name_key, bio, image_url, locale, phone, status, password_hash,
  must_reset, created_at, updated_at, rev, country, source, has_second_factor
) SELECT gen_random_uuid(), key || '@example.com', key || '@example.com', n % 50 > 0, key, key, name, lower(name), '', '', 'en', '',
  CASE WHEN n <= 1000 THEN 'deactivated' WHEN n % 20 = 0 THEN 'suspended' ELSE 'active' END, '$argon2id$x', false, at, at, 1,
  (ARRAY['GB','DE','','CA','US','JP'])[1 + n % 6], CASE WHEN n % 100 = 7 THEN 'imported' ELSE 'registered' END, n % 100 = 3
FROM (
  SELECT n, 'user' || lpad(n::text, 7, '0') AS key, timestamptz '2024-01-01T00:00:00Z' + n * interval '1 min' AS at,
    (ARRAY['Ada','Grace','Zoe','Mary','Jean','Katherine','Hedy','Radia','Lynn','Sophie'])[1 + n % 10] || ' ' || n AS name
  FROM generate_series(1, 1000000) AS n
) AS row`
