package postgres_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
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
