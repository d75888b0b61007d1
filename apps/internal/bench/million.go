package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/password"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/secret"
)

// seededPassword is that of everybody whom the seeder makes for a load.
const seededPassword = "every seeded door opens alike"

// openMillion starts the server on a database that the seeder has filled, and makes an owner to ask with. What the run
// adds it takes away again, except for what signing in leaves.
func (b *bench) openMillion(ctx context.Context) (err error) {
	if b.postgres, err = url.Parse(b.million); err != nil {
		return err
	}
	b.variables = map[string]string{
		"APP_ENV": "development", "APP_URL": appURL, "LOG_LEVEL": "warn", "LOG_FORMAT": "json", "DATABASE_URL": b.million,
		"MASTER_KEYS": secret.GenerateKey("bench"), "DATA_DIR": b.folder, "CLEANUP_INTERVAL": "0s",
	}
	for _, field := range config.Fields() {
		if strings.HasPrefix(field.Name, "RATE_LIMIT_") {
			b.variables[field.Name] = widest
		}
	}
	if err := b.forgetKeys(ctx); err != nil {
		return fmt.Errorf("-million: %w", err)
	}
	if b.server, err = b.start(ctx, nil); err != nil {
		return err
	}
	if err := b.appoint(ctx); err != nil {
		return err
	}
	b.emails, err = b.texts(ctx, `SELECT email FROM users WHERE status = 'active' AND email_verified
		AND NOT has_second_factor AND email LIKE '%@seed%' ORDER BY created_at DESC LIMIT 2000`)
	if err == nil && len(b.emails) < 2000 {
		err = errors.New("-million: the seeder has not filled this database (seeder --profile load)")
	}
	if err != nil {
		return err
	}
	// So that what is measured is neither the first to read a page nor planned by what was there before.
	return b.administer(ctx, "VACUUM ANALYZE")
}

// forgetKeys removes signing keys that an earlier run has sealed by a ring that is gone.
func (b *bench) forgetKeys(ctx context.Context) error {
	return b.administer(ctx, "DELETE FROM signing_keys")
}

func (b *bench) administer(ctx context.Context, statement string) error {
	return administer(ctx, b.postgres, statement)
}

func (b *bench) texts(ctx context.Context, statement string) ([]string, error) {
	conn, err := pgx.Connect(ctx, b.postgres.String())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, statement)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// appoint makes an owner and signs in as them.
func (b *bench) appoint(ctx context.Context) error {
	settings, err := config.Parse(map[string]string{"DATABASE_URL": b.million, "MASTER_KEYS": b.variables["MASTER_KEYS"], "DATA_DIR": b.folder})
	if err != nil {
		return err
	}
	hasher, err := password.New(password.Config{})
	if err != nil {
		return err
	}
	hash, err := hasher.Hash(ctx, knownPassword)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	b.owner = fmt.Sprintf("owner%d@bench.example", now.UnixNano())
	owner := account.User{
		ID: core.NewIDs(wire.NewClock()).New(), Email: b.owner, EmailKey: b.owner, EmailVerified: true,
		Profile: account.Profile{Name: "Bench"}, Status: account.StatusActive, Roles: []string{account.RoleOwner},
		Password: hash, PasswordChangedAt: now, CreatedAt: now, UpdatedAt: now, Rev: 1, Source: account.SourceCreated,
	}
	err = wire.WithDatabase(settings, io.Discard, func(db wire.Engine) error {
		return db.BulkUsers(ctx, []account.User{owner})
	})
	if err != nil {
		return err
	}
	body, err := ask(ctx, b.server.address, post("/v1/auth/login", map[string]string{"identifier": b.owner, "password": knownPassword}))
	if err != nil {
		return err
	}
	var reply struct {
		Tokens struct {
			AccessToken string `json:"access_token"`
		} `json:"tokens"`
	}
	err = json.Unmarshal(body, &reply)
	b.access = []string{reply.Tokens.AccessToken}
	return err
}

// dismiss removes the owner and the accounts that the run has imported.
func (b *bench) dismiss(ctx context.Context) {
	err := b.administer(ctx, "DELETE FROM users WHERE email_key LIKE '%@bench.example'")
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: the owner of this run stays:", err)
	}
}

func (b *bench) millionParts() []part {
	return []part{
		{"lists", b.measureLists},
		{"porting", b.measurePorting},
		{"cleanup", b.measureCleanup},
	}
}

// thousands writes a count of people.
func thousands(n int) string { return strconv.Itoa(n/1000) + " thousand" }
