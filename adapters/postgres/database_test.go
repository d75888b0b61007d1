package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/lockout/lockouttest"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/session/sessiontest"
	"github.com/doorward/doorward/core/verification"
)

// nowhere is a server that refuses connections: nothing listens on the discard port.
const nowhere = "postgres://doorward@127.0.0.1:9/doorward?sslmode=disable&connect_timeout=2"

// noticing is a logger that sends on a channel for every record.
func noticing(noticed chan<- struct{}) *slog.Logger { return slog.New(noticer{noticed}) }

type noticer struct{ noticed chan<- struct{} }

func (noticer) Enabled(context.Context, slog.Level) bool { return true }
func (n noticer) WithAttrs([]slog.Attr) slog.Handler     { return n }
func (n noticer) WithGroup(string) slog.Handler          { return n }
func (n noticer) Handle(context.Context, slog.Record) error {
	select {
	case n.noticed <- struct{}{}:
	default:
	}
	return nil
}

func TestOpenRefusesWhatIsNoURLWithoutShowingIt(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://me:hunter2@:bad:port/"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v", err)
	}
}

func TestPingAndStats(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, func(config *postgres.Config) { config.MaxConns = 3 })
	coretest.Must(t, db.Ping(t.Context()))
	stats := db.Stats()
	coretest.Equal(t, 3, stats.Max)
	coretest.Equal(t, 0, stats.InUse)
	coretest.Must(t, db.InTx(t.Context(), func(context.Context) error {
		coretest.Equal(t, 1, db.Stats().InUse)
		return nil
	}))
}

func TestTheURLWinsOverTheConfig(t *testing.T) {
	t.Parallel()
	db := postgrestest.OpenURL(t, postgrestest.URL(t)+"&pool_max_conns=2", func(config *postgres.Config) {
		config.MaxConns = 9
	})
	coretest.Equal(t, 2, db.Stats().Max)
}

func TestAServerThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	db := postgrestest.OpenURL(t, nowhere)
	for name, err := range map[string]error{
		"ping": db.Ping(t.Context()),
		"transaction": db.InTx(t.Context(), func(context.Context) error {
			t.Error("ran without a connection")
			return nil
		}),
		"read": second(db.Accounts().Find(t.Context(), accounttest.NewID())),
		"open": second(db.Sessions().Open(t.Context(), session.Opening{Session: sessionOf(accounttest.NewID()), UserRev: 0, Limit: 1})),
		"lock": third(db.Locks().TryLock(t.Context(), "cleanup")),
	} {
		if core.AsError(err).Kind != core.KindUnavailable {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

func TestAServerThatGoesIsUnavailableAndComesBack(t *testing.T) {
	t.Parallel()
	address := postgrestest.URL(t)
	db := postgrestest.OpenURL(t, address, func(config *postgres.Config) { config.MaxConns = 1 })
	coretest.Must(t, db.Ping(t.Context()))
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		terminate(t, address)
		return second(db.Accounts().CountOwners(ctx, core.ID{}))
	})
	coretest.Equal(t, core.KindUnavailable, core.AsError(err).Kind)
	coretest.Must(t, second(db.Accounts().CountOwners(t.Context(), core.ID{})))
}

// terminate ends every other connection to the database, and returns when they are gone.
func terminate(t *testing.T, address string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	for connected := true; connected; {
		coretest.Must(t, conn.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&connected))
	}
	coretest.Must(t, conn.Close(t.Context()))
}

func TestTheSchemaRefusesWhatTheDomainShould(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	for name, spoil := range map[string]func(*account.User){
		"status":          func(user *account.User) { user.Status = "odd" },
		"password":        func(user *account.User) { user.Password = "plain text" },
		"revision":        func(user *account.User) { user.Rev = -1 },
		"length":          func(user *account.User) { user.Profile.Bio = strings.Repeat("x", 5000) },
		"key":             func(user *account.User) { user.UsernameKey = "" },
		"deletion":        func(user *account.User) { user.Status = account.StatusDeleted },
		"role":            func(user *account.User) { user.Roles = []string{""} },
		"NUL in the name": func(user *account.User) { user.Profile.Name = "a\x00b" },
	} {
		user := accounttest.Person("")
		spoil(&user)
		err := db.Accounts().Create(t.Context(), user)
		if core.AsError(err).Kind != core.KindInternal {
			t.Errorf("%s: got %v", name, err)
		}
		if err != nil && strings.Contains(fmt.Sprintf("%v", err), string(accounttest.Hash[20:40])) {
			t.Errorf("%s: the error shows the row: %v", name, err)
		}
	}
}

func TestWhatHangsOnNobodyIsNotFoundAndSparesTheTransaction(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	coretest.Must(t, db.InTx(t.Context(), func(ctx context.Context) error {
		flow := verification.Flow{
			ID: accounttest.NewID(), Purpose: verification.PurposeRestore, Subject: "x", User: accounttest.NewID(),
			Digest: secret.Random(32), CreatedAt: coretest.Epoch, ExpiresAt: coretest.Epoch,
		}
		coretest.Refused(t, db.Flows().Start(ctx, flow), core.ErrNotFound)
		link := verification.Link{
			Purpose: flow.Purpose, User: flow.User, CreatedAt: coretest.Epoch, ExpiresAt: coretest.Epoch,
		}
		coretest.Refused(t, db.Links().Put(ctx, link), core.ErrNotFound)
		return db.Accounts().Create(ctx, accounttest.Person("ada"))
	}))
}

// TestBehindAPoolerInTransactionMode runs the suites that matter most without prepared statements.
func TestBehindAPoolerInTransactionMode(t *testing.T) {
	t.Parallel()
	pooled := func(config *postgres.Config) { config.PgBouncer = true }
	accounttest.TestStore(t, func(t *testing.T) accounttest.Stores {
		db := postgrestest.Open(t, pooled)
		return accounttest.Stores{
			Tx: db, Accounts: db.Accounts(), Registrations: db.Registrations(), Journal: db.Sessions(),
			History: db.Audit(),
		}
	})
	sessiontest.Ender(t, func(t *testing.T) sessiontest.Parts { return partsOf(postgrestest.Open(t, pooled)) })
	t.Run("Tries", func(t *testing.T) {
		lockouttest.TestTries(t, func(t *testing.T) lockouttest.Stores {
			db := postgrestest.Open(t, pooled)
			return lockouttest.Stores{Tx: db, Tries: db.Tries(), Devices: db.Devices(), Accounts: db.Accounts()}
		})
	})
	t.Run("Openings", func(t *testing.T) {
		sessiontest.Openings(t, func(t *testing.T) sessiontest.Parts { return partsOf(postgrestest.Open(t, pooled)) })
	})
}
