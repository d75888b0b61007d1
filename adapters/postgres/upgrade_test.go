package postgres_test

import (
	"context"
	"io/fs"
	"regexp"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/internal/upgradetest"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	schema "github.com/doorward/doorward/sql"
)

func olderDialect() upgradetest.Dialect {
	return upgradetest.Dialect{
		ID:   func(id core.ID) string { return "'" + id.String() + "'" },
		Time: func(at time.Time) string { return "'" + at.Format(time.RFC3339Nano) + "'" },
		List: "'{}'", Bytes: `'\x00000000000000000000000000000000'`,
	}
}

// TestUpgradeBesideAnOlderReplica migrates what a release without roles has written, while replicas of it go on.
func TestUpgradeBesideAnOlderReplica(t *testing.T) {
	t.Parallel()
	address := postgrestest.EmptyURL(t)
	migrateTo(t, address, upgradetest.Release)
	conn, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	write := func(user account.User) {
		for _, statement := range upgradetest.Statements(olderDialect(), user) {
			_, err := conn.Exec(t.Context(), statement)
			coretest.Must(t, err)
		}
	}
	rename := func(user *account.User, name string) {
		_, err := conn.Exec(t.Context(), upgradetest.Rename(olderDialect(), user, name))
		coretest.Must(t, err)
	}
	before, beside := upgradetest.Person("Grace Hopper"), upgradetest.Person("Ada Lovelace")
	strange, stranger, renamed := upgradetest.Person("Anna Weiß"), upgradetest.Person("Οδυσσεύς  Ｅｌｙｔｉｓ"), upgradetest.Person("Kay")
	write(before)
	write(strange)
	write(renamed)
	db := postgrestest.OpenURL(t, address)
	_, err = db.Migrate(t.Context())
	coretest.Must(t, err)
	write(beside)
	write(stranger)
	rename(&before, "Grace Murray")
	rename(&renamed, "Kay Groß")
	upgradetest.Holds(t, upgradetest.Parts{
		Accounts: db.Accounts(), Memberships: db.Access(), Directory: db.Directory(), Keyer: db.Directory(), Figures: db.Figures(),
	}, before, beside, strange, stranger, renamed)
	var unfinished int
	coretest.Must(t, conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pg_constraint WHERE NOT convalidated) +
(SELECT count(*) FROM pg_index WHERE NOT indisvalid)`).Scan(&unfinished))
	coretest.Equal(t, 0, unfinished)
}

// concurrently finds the indexes that are made beside others' work.
var concurrently = regexp.MustCompile(`CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (\w+)`)

// TestIndexesThatWereCutOffAreMadeAgain runs every migration outside a transaction a second time, as after a crash in the
// middle of it: an index whose making was cut off is no index, and has to be made again.
func TestIndexesThatWereCutOffAreMadeAgain(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), postgrestest.URL(t))
	coretest.Must(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	_, err = conn.Exec(t.Context(), "SET lock_timeout = '3s'")
	coretest.Must(t, err)
	files, err := fs.Glob(schema.Postgres(), "*.sql")
	coretest.Must(t, err)
	var made int
	for _, file := range files {
		text, err := fs.ReadFile(schema.Postgres(), file)
		coretest.Must(t, err)
		names := concurrently.FindAllStringSubmatch(string(text), -1)
		if len(names) == 0 {
			continue
		}
		for _, name := range names {
			_, err := conn.Exec(t.Context(), "UPDATE pg_index SET indisvalid = false WHERE indexrelid = $1::text::regclass", name[1])
			coretest.Must(t, err)
		}
		for _, statement := range statements(string(text)) {
			_, err := conn.Exec(t.Context(), statement)
			coretest.Must(t, err)
		}
		made += len(names)
		var broken int
		coretest.Must(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_index WHERE NOT indisvalid").Scan(&broken))
		coretest.Equal(t, 0, broken)
		var timeout string
		coretest.Must(t, conn.QueryRow(t.Context(), "SHOW lock_timeout").Scan(&timeout))
		coretest.Equal(t, "3s", timeout)
	}
	if made == 0 {
		t.Fatal("no migration makes an index beside others' work")
	}
}

// TestNoIndexOfUsersIsMadeUnderALock wants what reads every user to be outside of the transactions that lock them.
func TestNoIndexOfUsersIsMadeUnderALock(t *testing.T) {
	t.Parallel()
	address := postgrestest.EmptyURL(t)
	conn, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	indexes := func(version int64) (count int) {
		migrateTo(t, address, version)
		coretest.Must(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_index WHERE indrelid = 'users'::regclass").Scan(&count))
		return count
	}
	coretest.Equal(t, indexes(upgradetest.Release), indexes(upgradetest.Release+1))
}
