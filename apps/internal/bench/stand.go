package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/password"
	"github.com/doorward/doorward/apps/internal/bench/wiretap"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/seed"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
)

const (
	// people is how many users there are. Those from holders on have no session before they sign in, so that
	// none of theirs is one too many; readers is how many of the others read.
	people  = 2000
	holders = 1000
	readers = 200
	// freshSessions is how many sessions wait for their first refresh.
	freshSessions = 30_000
	// knownPassword is everybody's.
	knownPassword = "every measured door opens alike"
	appURL        = "http://bench.example"
	// widest is the widest limit there is.
	widest = "1000000/1s"
)

// bench is the stand: the servers, the one under measurement, and who signs in to it.
type bench struct {
	options

	folder    string
	postgres  *url.URL // of the database made for this run
	valkey    *url.URL
	sql       *wiretap.Tap
	cache     *wiretap.Tap
	server    *process
	variables map[string]string
	emails    []string
	refreshes []string // fresh refresh tokens; taken from the front
	access    []string
	owner     string // the address of who asks, on a million
	// idle are the statements and commands that the server sends without any request.
	idle map[string]bool
}

// open makes the database, starts the server on it, and fills it.
func (b *bench) open(ctx context.Context) error {
	if err := b.createDatabase(ctx); err != nil {
		return fmt.Errorf("TEST_POSTGRES_URL: %w", err)
	}
	if err := b.tap(ctx); err != nil {
		return err
	}
	b.variables = map[string]string{
		"APP_ENV": "development", "APP_URL": appURL, "DEV_MAILBOX": "true", "LOG_LEVEL": "warn", "LOG_FORMAT": "json",
		"DATABASE_URL": through(b.postgres, b.sql.Address()), "VALKEY_URL": through(b.valkey, b.cache.Address()),
		"VALKEY_PREFIX": "bench" + strconv.Itoa(os.Getpid()), "MASTER_KEYS": secret.GenerateKey("bench"), "DATA_DIR": b.folder,
	}
	// Calls are counted as everywhere, and so many come from one address that no limit may be reached.
	for _, field := range config.Fields() {
		if strings.HasPrefix(field.Name, "RATE_LIMIT_") {
			b.variables[field.Name] = widest
		}
	}
	server, err := b.start(ctx, nil)
	if err != nil {
		return err
	}
	b.server = server
	if err := b.populate(ctx); err != nil {
		return fmt.Errorf("fill the database: %w", err)
	}
	return b.settle(ctx)
}

func (b *bench) createDatabase(ctx context.Context) error {
	given, err := url.Parse(os.Getenv("TEST_POSTGRES_URL"))
	if err != nil {
		return err
	}
	made := *given
	made.Path = "/doorward_bench_" + strconv.Itoa(os.Getpid())
	if err := administer(ctx, given, "CREATE DATABASE "+made.Path[1:]); err != nil {
		return err
	}
	b.postgres = &made
	return nil
}

func administer(ctx context.Context, at *url.URL, statement string) error {
	conn, err := pgx.Connect(ctx, at.String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

func (b *bench) tap(ctx context.Context) (err error) {
	if b.valkey, err = url.Parse(os.Getenv("TEST_VALKEY_URL")); err != nil {
		return err
	}
	if b.sql, err = wiretap.Listen(ctx, b.postgres.Host, wiretap.Postgres); err != nil {
		return err
	}
	b.cache, err = wiretap.Listen(ctx, b.valkey.Host, wiretap.Valkey)
	return err
}

func through(target *url.URL, address string) string {
	tapped := *target
	tapped.Host = address
	return tapped.String()
}

// start starts a server with the stand's variables and others over them, and waits until it is ready.
func (b *bench) start(ctx context.Context, others map[string]string) (*process, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	environment := []string{"PORT=" + strconv.Itoa(port)}
	for _, variables := range []map[string]string{b.variables, others} {
		for name, value := range variables { // of two equal names the last one counts
			environment = append(environment, name+"="+value)
		}
	}
	server, err := launch(ctx, b.folder, b.options.server, environment)
	if err != nil {
		return nil, err
	}
	server.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if err := server.await(ctx); err != nil {
		server.stop()
		return nil, err
	}
	return server, nil
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// close takes down what open has put up. It works on after the run's context has ended.
func (b *bench) close() {
	if b.server != nil {
		b.server.stop()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if b.million != "" {
		b.dismiss(ctx)
		return
	}
	for _, tap := range []*wiretap.Tap{b.sql, b.cache} {
		if tap != nil {
			_ = tap.Close()
		}
	}
	if b.postgres == nil {
		return
	}
	maintenance, err := url.Parse(os.Getenv("TEST_POSTGRES_URL"))
	if err == nil {
		err = administer(ctx, maintenance, "DROP DATABASE "+b.postgres.Path[1:]+" WITH (FORCE)")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: the database stays:", err)
	}
}

// populate adds people who share a password, and sessions whose first refresh is still to come: the tokens of
// those are made here, with the keys that the server has too.
func (b *bench) populate(ctx context.Context) error {
	settings, err := config.Parse(map[string]string{
		"DATABASE_URL": b.postgres.String(), "MASTER_KEYS": b.variables["MASTER_KEYS"], "APP_URL": appURL, "DATA_DIR": b.folder,
	})
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
	ring, err := wire.NewRing(settings)
	if err != nil {
		return err
	}
	users, sessions, err := b.invent(settings, hash)
	if err != nil {
		return err
	}
	references := session.NewReferences(ring, appURL)
	for _, fresh := range sessions {
		b.refreshes = append(b.refreshes, references.Mint(fresh.Current()))
	}
	err = wire.WithDatabase(settings, io.Discard, func(db wire.Engine) error {
		if err := db.BulkUsers(ctx, users); err != nil {
			return err
		}
		return db.BulkSessions(ctx, sessions)
	})
	if err != nil {
		return err
	}
	return administer(ctx, b.postgres, "VACUUM ANALYZE")
}

// invent makes people and sessions up: all active, all live, none refreshed yet.
func (b *bench) invent(settings config.Settings, hash account.PasswordHash) ([]account.User, []session.Session, error) {
	now := time.Now()
	accounts := settings.Accounts
	population := seed.Population{
		Seed: 1, Users: people, Sessions: freshSessions, Until: now, SessionLimit: freshSessions,
		Hash:    func(int) account.PasswordHash { return hash },
		IdleTTL: accounts.SessionIdleTTL, MaxTTL: accounts.SessionMaxTTL, DeletionGrace: accounts.DeletionGrace,
	}
	var users []account.User
	for user, err := range population.AllUsers() {
		if err != nil {
			return nil, nil, err
		}
		user.Status, user.DeletedAt, user.PurgeAt, user.EmailVerified, user.MustReset = account.StatusActive, time.Time{}, time.Time{}, true, false
		user.Roles, user.Groups = []string{account.RoleUser}, nil // the population's own roles and groups are not loaded
		users, b.emails = append(users, user), append(b.emails, user.Email)
	}
	var sessions []session.Session
	for made, err := range population.AllSessions() {
		if err != nil {
			return nil, nil, err
		}
		made.UserID = users[len(sessions)%holders].ID
		made.AuthTime, made.CreatedAt, made.LastUsedAt = now, now, now
		made.IdleExpiresAt, made.ExpiresAt = now.Add(accounts.SessionIdleTTL), now.Add(accounts.SessionMaxTTL)
		made.EndedAt, made.EndReason = time.Time{}, ""
		made.Chain = session.Chain{Nonce: session.Nonce(secret.Random(16)), Branches: 1, RotatedAt: now}
		sessions = append(sessions, made)
	}
	return users, sessions, nil
}

// idleFor is long enough that every loop of the server's comes by, and that the cache is trusted.
const idleFor = 4 * time.Second

// settle gets the readers' access tokens, and learns what the server sends when nobody asks anything.
func (b *bench) settle(ctx context.Context) error {
	b.access = make([]string, readers)
	tokens := b.takeRefreshes(readers)
	err := flood(ctx, b.server.address, 8, readers, refresh(tokens), func(number int, body []byte) error {
		var reply struct {
			Tokens struct {
				Access string `json:"access_token"`
			}
		}
		err := json.Unmarshal(body, &reply)
		b.access[number] = reply.Tokens.Access
		return err
	})
	if err != nil {
		return err
	}
	b.counted()
	time.Sleep(idleFor)
	b.idle = make(map[string]bool)
	for name := range b.counted() {
		b.idle[name] = true
	}
	return nil
}

func (b *bench) takeRefreshes(count int) []string {
	taken := b.refreshes[:count]
	b.refreshes = b.refreshes[count:]
	return taken
}

func refresh(tokens []string) requester {
	return func(number int) []byte {
		return post("/v1/auth/refresh", map[string]string{"refresh_token": tokens[number]})
	}
}

// counted is what the server has sent since it was last called, without what it sends by itself. Names of
// the cache's commands begin with "valkey ".
func (b *bench) counted() map[string]wiretap.Count {
	counts := make(map[string]wiretap.Count)
	for name, count := range b.sql.Take() {
		counts[name] = count
	}
	for name, count := range b.cache.Take() {
		counts["valkey "+name] = count
	}
	for name := range b.idle {
		delete(counts, name)
	}
	return counts
}

// hashWorkers is the size of the server's hashing pool: the default of HASH_WORKERS.
func hashWorkers() int { return max(1, runtime.NumCPU()-1) }

func (b *bench) file(name string) string { return filepath.Join(b.folder, name) }
