package postgres_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/session"
)

func sessionOf(user core.ID) session.Session {
	return session.Session{
		ID: accounttest.NewID(), UserID: user, AuthTime: coretest.Epoch, CreatedAt: coretest.Epoch,
		LastUsedAt: coretest.Epoch, IdleExpiresAt: coretest.Epoch.Add(time.Hour),
		ExpiresAt: coretest.Epoch.Add(24 * time.Hour), Chain: session.Chain{Branches: 1, RotatedAt: coretest.Epoch},
	}
}

func create(t *testing.T, db *postgres.Database) account.User {
	t.Helper()
	user := accounttest.Person("")
	coretest.Must(t, db.Accounts().Create(t.Context(), user))
	return user
}

// TestManySignInsOnAFewConnections runs what a sign-in asks of the database, 64 at once on 4 connections.
func TestManySignInsOnAFewConnections(t *testing.T) {
	t.Parallel()
	const signIns, connections = 64, 4
	db := postgrestest.Open(t, func(config *postgres.Config) { config.MaxConns = connections })
	user := create(t, db)
	identifier := account.Identifier{Kind: account.IdentifierEmail, Key: user.EmailKey}
	successes := coretest.Race(t, signIns, nil, func(ctx context.Context, _ int) error {
		found, err := db.Accounts().FindByIdentifier(ctx, identifier)
		if err != nil {
			return err
		}
		_, err = db.Sessions().Open(ctx, session.Opening{Session: sessionOf(found.ID), UserRev: found.Rev, Limit: 10})
		return err
	})
	coretest.Equal(t, signIns, successes)
	live, err := db.Sessions().List(t.Context(), user.ID, coretest.Epoch, core.Page{Limit: 100})
	coretest.Must(t, err)
	coretest.Equal(t, 10, len(live))
}

// TestDeadlockedTransactionsRunAgain makes two transactions that lock two users in opposite order, each
// waiting for the other before its second lock.
func TestDeadlockedTransactionsRunAgain(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	one, other := create(t, db), create(t, db)
	var both sync.WaitGroup
	both.Add(2)
	arrived := []func(){sync.OnceFunc(both.Done), sync.OnceFunc(both.Done)}
	var runs atomic.Int64
	lock := func(ctx context.Context, id core.ID) error {
		return db.Accounts().Rehash(ctx, id, accounttest.Hash, accounttest.Hash)
	}
	successes := coretest.Race(t, 2, nil, func(ctx context.Context, i int) error {
		order := []core.ID{one.ID, other.ID}
		if i == 1 {
			slices.Reverse(order)
		}
		return db.InTx(ctx, func(ctx context.Context) error {
			runs.Add(1)
			if err := lock(ctx, order[0]); err != nil {
				return err
			}
			arrived[i]()
			both.Wait()
			return lock(ctx, order[1])
		})
	})
	coretest.Equal(t, 2, successes)
	if runs.Load() < 3 {
		t.Errorf("%d runs: there was no deadlock", runs.Load())
	}
}

// TestSweepWaitsForNoRow holds the rows of an expired session and a deleted user, and sweeps around them.
func TestSweepWaitsForNoRow(t *testing.T) {
	t.Parallel()
	address := postgrestest.URL(t)
	db := postgrestest.OpenURL(t, address)
	users := []account.User{create(t, db), create(t, db)}
	for _, user := range users {
		_, err := db.Sessions().Open(t.Context(), session.Opening{Session: sessionOf(user.ID), UserRev: user.Rev, Limit: 10})
		coretest.Must(t, err)
		user.Status, user.DeletedAt, user.PurgeAt = account.StatusDeleted, coretest.Epoch, coretest.Epoch
		_, err = db.Accounts().Save(t.Context(), user)
		coretest.Must(t, err)
	}
	conn, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	tx, err := conn.Begin(t.Context())
	coretest.Must(t, err)
	_, err = tx.Exec(t.Context(), "SELECT FROM users, sessions WHERE users.id = $1 AND user_id = users.id FOR UPDATE",
		users[0].ID.String())
	coretest.Must(t, err)

	late := coretest.Epoch.Add(48 * time.Hour)
	for _, kind := range []retention.Kind{retention.KindSessions, retention.KindAccounts} {
		swept, err := db.Retention().Sweep(t.Context(), kind, late, 10)
		coretest.Must(t, err)
		coretest.Equal(t, 1, swept)
	}
	coretest.Must(t, tx.Rollback(t.Context()))
	for _, kind := range []retention.Kind{retention.KindSessions, retention.KindAccounts} {
		swept, err := db.Retention().Sweep(t.Context(), kind, late, 10)
		coretest.Must(t, err)
		coretest.Equal(t, 1, swept)
	}
}

// TestALockDiesWithItsHolder ends the connection of a lock, as the death of a process does.
func TestALockDiesWithItsHolder(t *testing.T) {
	t.Parallel()
	address := postgrestest.URL(t)
	db := postgrestest.OpenURL(t, address)
	_, held, err := db.Locks().TryLock(t.Context(), "cleanup")
	coretest.Must(t, err)
	coretest.Equal(t, true, held)
	terminate(t, address)
	release, held, err := db.Locks().TryLock(t.Context(), "cleanup")
	coretest.Must(t, err)
	coretest.Equal(t, true, held)
	release()
}

// TestAStatementThatRunsAwayIsEnded waits for a row under the server's time-out, without a deadline of ctx.
func TestAStatementThatRunsAwayIsEnded(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, func(config *postgres.Config) { config.StatementTimeout = 500 * time.Millisecond })
	user := create(t, db)
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := db.Accounts().Save(ctx, user); err != nil {
			return err
		}
		_, err := db.Accounts().Save(t.Context(), user) // on another connection
		coretest.Equal(t, core.KindUnavailable, core.AsError(err).Kind)
		return errors.ErrUnsupported
	})
	coretest.Refused(t, err, errors.ErrUnsupported)
}
