// Package postgrestest gives tests a PostgreSQL database of their own, on the server that
// TEST_POSTGRES_URL names.
package postgrestest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/doorward/doorward/adapters/postgres"
	schema "github.com/doorward/doorward/sql"
)

// Variable names the server; its user may create databases.
const Variable = "TEST_POSTGRES_URL"

const timeout = time.Minute

// Open gives a migrated, empty database that is the test's until it ends. The test fails when there is no
// server. Options change the Config before it is opened.
func Open(tb testing.TB, options ...func(*postgres.Config)) *postgres.Database {
	tb.Helper()
	return OpenURL(tb, URL(tb), options...)
}

// URL gives the address of a migrated, empty database that is the test's until it ends.
func URL(tb testing.TB) string {
	tb.Helper()
	lender := open(tb)
	var lent *spare
	within(tb, func(ctx context.Context) (err error) {
		lent, err = lender.lend(ctx)
		return err
	})
	tb.Cleanup(func() {
		within(tb, func(ctx context.Context) error { return lender.giveBack(ctx, lent) })
	})
	return replaceName(lender.server, lent.name)
}

// EmptyURL is URL without the migrations.
func EmptyURL(tb testing.TB) string {
	tb.Helper()
	lender := open(tb)
	name := randomName("empty")
	within(tb, func(ctx context.Context) error {
		_, err := lender.pool.Exec(ctx, "CREATE DATABASE "+name)
		return err
	})
	tb.Cleanup(func() {
		within(tb, func(ctx context.Context) error { return lender.remove(ctx, name) })
	})
	return replaceName(lender.server, name)
}

// within does what has to be done whole, also where the test's own context has ended.
func within(tb testing.TB, do func(ctx context.Context) error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := do(ctx); err != nil {
		tb.Fatal(err)
	}
}

// OpenURL opens a database by its address, for tests that play several replicas.
func OpenURL(tb testing.TB, address string, options ...func(*postgres.Config)) *postgres.Database {
	tb.Helper()
	config := postgres.Config{URL: address}
	for _, option := range options {
		option(&config)
	}
	db, err := postgres.Open(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(db.Close)
	return db
}

func serverURL(tb testing.TB) string {
	tb.Helper()
	server := os.Getenv(Variable)
	if server == "" {
		tb.Fatalf("%s is not set: these tests need a PostgreSQL server (see test.sh)", Variable)
	}
	return server
}

var (
	opening sync.Mutex
	stocks  = map[string]*stock{}
)

// open gives the stock of the server. The first call sees to the template from which databases are copied.
func open(tb testing.TB) *stock {
	tb.Helper()
	server := serverURL(tb)
	opening.Lock()
	defer opening.Unlock()
	if stocks[server] == nil {
		within(tb, func(ctx context.Context) (err error) {
			stocks[server], err = connect(ctx, server)
			return err
		})
	}
	return stocks[server]
}

func connect(ctx context.Context, server string) (*stock, error) {
	pool, err := pgxpool.New(ctx, server)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Variable, err)
	}
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Variable, err)
	}
	made := &stock{server: server, pool: pool, claims: conn, ours: map[string]bool{}}
	if err := made.prepare(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", Variable, err)
	}
	return made, nil
}

// prepare sees to the template: a migrated database, which stays on the server, named by the migrations that made
// it, for every test binary of this and later runs.
func (s *stock) prepare(ctx context.Context) (err error) {
	if s.template, err = templateName(); err != nil {
		return err
	}
	if _, err := s.claims.Exec(ctx, "SELECT pg_advisory_lock(hashtext($1))", s.template); err != nil {
		return err
	}
	defer func() {
		_, unlocked := s.claims.Exec(ctx, "SELECT pg_advisory_unlock(hashtext($1))", s.template)
		err = errors.Join(err, unlocked)
	}()
	var known string
	err = s.claims.QueryRow(ctx, "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1",
		s.template).Scan(&known)
	if errors.Is(err, pgx.ErrNoRows) {
		return s.makeTemplate(ctx)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(known), &s.fresh)
}

func (s *stock) makeTemplate(ctx context.Context) error {
	draft := randomName("draft")
	if _, err := s.pool.Exec(ctx, "CREATE DATABASE "+draft); err != nil {
		return err
	}
	err := migrate(ctx, replaceName(s.server, draft))
	if err != nil {
		return err
	}
	if s.fresh, err = portray(ctx, replaceName(s.server, draft)); err != nil {
		return err
	}
	text, err := json.Marshal(s.fresh)
	if err != nil {
		return err
	}
	quoted := "'" + strings.ReplaceAll(string(text), "'", "''") + "'"
	_, err = s.pool.Exec(ctx, "COMMENT ON DATABASE "+draft+" IS "+quoted+"; ALTER DATABASE "+draft+" RENAME TO "+s.template)
	return err
}

func templateName() (string, error) {
	digest := sha256.New()
	fmt.Fprintln(digest, looking) // the portrait goes with the template
	err := fs.WalkDir(schema.Postgres(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(schema.Postgres(), path)
		fmt.Fprintf(digest, "%s\n%s\n", path, text)
		return err
	})
	return "doorward_template_" + hex.EncodeToString(digest.Sum(nil)[:8]), err
}

func migrate(ctx context.Context, address string) error {
	db, err := postgres.Open(ctx, postgres.Config{URL: address})
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Migrate(ctx)
	return err
}

func randomName(kind string) string { return "doorward_" + kind + "_" + strings.ToLower(rand.Text()) }

func replaceName(server, name string) string {
	parsed, err := url.Parse(server)
	if err != nil {
		return server
	}
	parsed.Path = "/" + name
	return parsed.String()
}
