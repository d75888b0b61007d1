package postgres_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	schema "github.com/doorward/doorward/sql"
)

func TestManyReplicasMigrateAtOnce(t *testing.T) {
	t.Parallel()
	const replicas = 8
	address := postgrestest.EmptyURL(t)
	dbs := make([]*postgres.Database, replicas)
	for i := range dbs {
		dbs[i] = postgrestest.OpenURL(t, address)
	}
	plan, err := dbs[0].Plan(t.Context())
	coretest.Must(t, err)
	var applied atomic.Int64
	coretest.Race(t, replicas, nil, func(ctx context.Context, i int) error {
		migrations, err := dbs[i].Migrate(ctx)
		applied.Add(int64(len(migrations)))
		return err
	})
	coretest.Equal(t, int64(len(plan)), applied.Load())
	status, err := dbs[1].Status(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, len(plan), len(status))
	rest, err := dbs[1].Plan(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, 0, len(rest))
}

// TestMigrationGivesWay keeps the table of versions locked until the migration has given up waiting for it
// at least once, and finds it applied afterwards.
func TestMigrationGivesWay(t *testing.T) {
	t.Parallel()
	address := postgrestest.EmptyURL(t)
	noticed := make(chan struct{}, 100)
	db := postgrestest.OpenURL(t, address, func(config *postgres.Config) {
		config.LockTimeout = 20 * time.Millisecond
		config.Log = noticing(noticed)
	})
	_, err := db.Plan(t.Context()) // makes the table of versions
	coretest.Must(t, err)

	conn, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	tx, err := conn.Begin(t.Context())
	coretest.Must(t, err)
	_, err = tx.Exec(t.Context(), "LOCK TABLE goose_db_version IN ACCESS EXCLUSIVE MODE")
	coretest.Must(t, err)

	migrated := make(chan error, 1)
	go func() {
		_, err := db.Migrate(t.Context())
		migrated <- err
	}()
	select {
	case <-noticed:
	case err := <-migrated:
		t.Fatalf("the migration did not wait: %v", err)
	}
	coretest.Must(t, tx.Rollback(t.Context()))
	coretest.Must(t, <-migrated)
}

// TestReadersOutlastTheMigrations lets an older replica read accounts while a newer one migrates: whatever a migration
// locks, it locks in the order in which a query does, a view before its tables.
func TestReadersOutlastTheMigrations(t *testing.T) {
	t.Parallel()
	const readers = 8
	address := postgrestest.EmptyURL(t)
	migrateTo(t, address, firstRelease)
	ctx, stop := context.WithCancel(t.Context())
	var reading sync.WaitGroup
	for range readers {
		reading.Go(func() { readAccounts(ctx, t, address) })
	}
	_, err := postgrestest.OpenURL(t, address).Migrate(t.Context())
	stop()
	reading.Wait()
	coretest.Must(t, err)
}

func readAccounts(ctx context.Context, t *testing.T, address string) {
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for ctx.Err() == nil {
		if _, err := conn.Exec(t.Context(), "SELECT id, email, roles FROM accounts WHERE id = $1", core.ID{1}); err != nil {
			t.Error(err)
			return
		}
	}
}

// TestADeadlockedMigrationIsTriedAgain makes a transaction that holds users and then asks for the view over them,
// which the migration holds. Of the two PostgreSQL ends the migration, whose deadlocks it looks for sooner.
func TestADeadlockedMigrationIsTriedAgain(t *testing.T) {
	t.Parallel()
	address := postgrestest.EmptyURL(t)
	migrateTo(t, address, firstRelease)
	conn, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	tx, err := conn.Begin(t.Context())
	coretest.Must(t, err)
	for _, statement := range []string{"SET LOCAL deadlock_timeout = '1min'", "LOCK TABLE users IN ROW EXCLUSIVE MODE"} {
		_, err = tx.Exec(t.Context(), statement)
		coretest.Must(t, err)
	}
	db := postgrestest.OpenURL(t, address)
	migrated := make(chan error, 1)
	go func() {
		_, err := db.Migrate(t.Context())
		migrated <- err
	}()
	for waiting := false; !waiting; {
		err := tx.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass)").Scan(&waiting)
		coretest.Must(t, err)
	}
	_, err = tx.Exec(t.Context(), "SELECT id FROM accounts")
	coretest.Must(t, err)
	coretest.Must(t, tx.Rollback(t.Context()))
	coretest.Must(t, <-migrated)
}

// TestUsersAreNotReadUnderALock holds a constraint that was added to users against its old rows apart from the
// migration that locks the table.
func TestUsersAreNotReadUnderALock(t *testing.T) {
	t.Parallel()
	address := postgrestest.EmptyURL(t)
	conn, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	pending := func() (count int) {
		const statement = "SELECT count(*) FROM pg_constraint WHERE conrelid = 'users'::regclass AND NOT convalidated"
		coretest.Must(t, conn.QueryRow(t.Context(), statement).Scan(&count))
		return count
	}
	migrateTo(t, address, firstRelease+1)
	coretest.Equal(t, 1, pending())
	_, err = postgrestest.OpenURL(t, address).Migrate(t.Context())
	coretest.Must(t, err)
	coretest.Equal(t, 0, pending())
}

// TestALockHoldsNoSnapshot wants a lock to keep neither VACUUM from the rows that a sweep removes, nor CREATE INDEX
// CONCURRENTLY from its end, however long it is held.
func TestALockHoldsNoSnapshot(t *testing.T) {
	t.Parallel()
	address := postgrestest.EmptyURL(t)
	release, held, err := postgrestest.OpenURL(t, address).Locks().TryLock(t.Context(), "test")
	coretest.Must(t, err)
	defer release()
	coretest.Equal(t, true, held)
	conn, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	var holders, pinned int
	coretest.Must(t, conn.QueryRow(t.Context(), `SELECT count(*), count(backend_xmin) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle in transaction'`).Scan(&holders, &pinned))
	coretest.Equal(t, 1, holders)
	coretest.Equal(t, 0, pinned)
}

// firstRelease is the newest migration that the first replicas know.
const firstRelease = 5

// migrateTo applies the migrations up to a version, as an older release has.
func migrateTo(t *testing.T, address string, version int64) {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	coretest.Must(t, err)
	conns := stdlib.OpenDB(*config)
	defer func() { coretest.Must(t, conns.Close()) }()
	provider, err := goose.NewProvider(goose.DialectPostgres, conns, schema.Postgres(), goose.WithDisableGlobalRegistry(true))
	coretest.Must(t, err)
	_, err = provider.UpTo(t.Context(), version)
	coretest.Must(t, err)
}

func TestMigrateWithoutServer(t *testing.T) {
	t.Parallel()
	db := postgrestest.OpenURL(t, nowhere)
	_, err := db.Migrate(t.Context())
	coretest.Equal(t, core.KindUnavailable, core.AsError(err).Kind)
	_, err = db.Status(t.Context())
	coretest.Equal(t, core.KindUnavailable, core.AsError(err).Kind)
	_, err = db.Plan(t.Context())
	coretest.Equal(t, core.KindUnavailable, core.AsError(err).Kind)
}
