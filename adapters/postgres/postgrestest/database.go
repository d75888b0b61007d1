// Package postgrestest gives tests a PostgreSQL database of their own, on the server that
// TEST_POSTGRES_URL names.
package postgrestest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/postgres"
	schema "github.com/doorward/doorward/sql"
)

// Variable names the server; its user may create databases.
const Variable = "TEST_POSTGRES_URL"

const timeout = time.Minute

// Open gives a migrated, empty database that lives as long as the test. The test fails when there is no
// server. Options change the Config before it is opened.
func Open(tb testing.TB, options ...func(*postgres.Config)) *postgres.Database {
	tb.Helper()
	server, template := prepare(tb)
	return OpenURL(tb, create(tb, server, template), options...)
}

// URL gives the address of a migrated, empty database that lives as long as the test.
func URL(tb testing.TB) string {
	tb.Helper()
	server, template := prepare(tb)
	return create(tb, server, template)
}

// EmptyURL is URL without the migrations.
func EmptyURL(tb testing.TB) string {
	tb.Helper()
	return create(tb, serverURL(tb), "template1")
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
	once     sync.Once
	template string
	broken   error
)

// prepare sees to a migrated database, from which the others are copied in some milliseconds.
func prepare(tb testing.TB) (server, name string) {
	tb.Helper()
	server = serverURL(tb)
	once.Do(func() { template, broken = makeTemplate(server) })
	if broken != nil {
		tb.Fatal(broken)
	}
	return server, template
}

// makeTemplate gives the name of a migrated database. It stays on the server, named by the migrations that
// made it, for every test binary of this and later runs.
func makeTemplate(server string) (name string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", fmt.Errorf("%s: %w", Variable, err)
	}
	defer func() { _ = conn.Close(ctx) }()
	name, err = templateName()
	if err != nil {
		return "", err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext($1))", name); err != nil {
		return "", err
	}
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&exists)
	if err != nil || exists {
		return name, err
	}
	draft := randomName("draft")
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+draft); err != nil {
		return "", err
	}
	if err := migrate(ctx, replaceName(server, draft)); err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+draft+" RENAME TO "+name)
	return name, err
}

func templateName() (string, error) {
	digest := sha256.New()
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

func create(tb testing.TB, server, template string) string {
	tb.Helper()
	name := randomName("test")
	if err := execute(tb.Context(), server, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if err := execute(ctx, server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Error(err)
		}
	})
	return replaceName(server, name)
}

func execute(ctx context.Context, server, statement string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("%s: %w", Variable, err)
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
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
