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
	}
	userlisttest.TestPlans(t, sqlite.ListDialect,
		userlisttest.Indexes{Email: "sqlite_autoindex_users_2", Username: "sqlite_autoindex_users_3", Covering: "COVERING INDEX "}, explain,
		func(line string) bool {
			return strings.HasPrefix(line, "SCAN users") && !strings.Contains(line, "USING")
		},
		func(line string) bool { return strings.Contains(line, "TEMP B-TREE") })
}

// BenchmarkUserLists measures lists and searches among a million users.
func BenchmarkUserLists(b *testing.B) {
	path := b.TempDir() + "/million.db"
	db, err := sqlite.Open(b.Context(), sqlite.Config{Path: path, Volatile: true})
	coretest.Must(b, err)
	defer func() { _ = db.Close() }()
	_, err = db.Migrate(b.Context())
	coretest.Must(b, err)
	raw, err := sql.Open("sqlite", path)
	coretest.Must(b, err)
	defer func() { _ = raw.Close() }()
	raw.SetMaxOpenConns(1)
	for _, statement := range []string{
		"PRAGMA synchronous = OFF", million,
		"INSERT INTO user_roles (user_id, role) SELECT id, 'USER' FROM users",
		"INSERT INTO user_roles (user_id, role) SELECT id, 'ADMIN' FROM users WHERE email LIKE '%0000@%'",
		`INSERT INTO access_groups (id, name, description, created_at, updated_at)
VALUES (X'00000000000000000000000000000001', 'wide', '', 0, 0), (X'00000000000000000000000000000002', 'old', '', 0, 0)`,
		`INSERT INTO user_groups (user_id, group_id, assigned_at)
SELECT id, X'00000000000000000000000000000001', 0 FROM users WHERE CAST(substr(email, 5, 7) AS integer) % 2 = 0
UNION ALL SELECT id, X'00000000000000000000000000000002', 0 FROM users WHERE email < 'user0010001'`,
	} {
		_, err := raw.ExecContext(b.Context(), statement)
		coretest.Must(b, err)
	}
	userlisttest.Bench(b, db.Directory())
}

// million makes the users that userlisttest.Bench wants. Their ids are in no order.
const million = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000), rows AS (
  SELECT n, 'user' || printf('%07d', n) AS key, 1704067200000000 + n * 60000000 AS at,
    CASE n % 10 WHEN 0 THEN 'Ada' WHEN 1 THEN 'Grace' WHEN 2 THEN 'Zoe' WHEN 3 THEN 'Mary' WHEN 4 THEN 'Jean' WHEN 5 THEN 'Katherine'
      WHEN 6 THEN 'Hedy' WHEN 7 THEN 'Radia' WHEN 8 THEN 'Lynn' ELSE 'Sophie' END || ' ' || n AS name
  FROM numbers
) INSERT INTO users (
  id, email, email_key, email_verified, username, username_key, name, name_key, bio, image_url, locale, phone, status, password_hash,
  must_reset, created_at, updated_at, rev, country, source, has_second_factor
) SELECT randomblob(16), key || '@example.com', key || '@example.com', n % 50 > 0, key, key, name, lower(name), '', '', 'en', '',
  CASE WHEN n <= 1000 THEN 'deactivated' WHEN n % 20 = 0 THEN 'suspended' ELSE 'active' END, '$argon2id$x', 0, at, at, 1,
  CASE n % 6 WHEN 0 THEN 'GB' WHEN 1 THEN 'DE' WHEN 2 THEN '' WHEN 3 THEN 'CA' WHEN 4 THEN 'US' ELSE 'JP' END,
  CASE WHEN n % 100 = 7 THEN 'imported' ELSE 'registered' END, n % 100 = 3
FROM rows`
