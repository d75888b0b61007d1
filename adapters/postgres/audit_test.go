package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/verification"
)

func TestAudit(t *testing.T) {
	t.Parallel()
	audittest.TestLog(t, func(t *testing.T) audittest.Stores {
		db := postgrestest.Open(t)
		return audittest.Stores{Tx: db, Log: db.Audit(), History: db.Audit()}
	})
}

// happened is an event of today, which the database keeps for an hour.
func happened() audit.Event {
	return audittest.Event(core.NewIDs(core.ClockFunc(time.Now)).New(), core.ClockFunc(time.Now).Now())
}

func told(t *testing.T, db *postgres.Database, event audit.Event) bool {
	t.Helper()
	events, err := db.Audit().Find(t.Context(), audit.Query{Subject: event.Subject}, core.Page{Limit: 10})
	coretest.Must(t, err)
	return len(events) == 1 && events[0].ID == event.ID
}

// TestAuditIsAppendOnly tries, as somebody with the right to everything, what no query of ours does.
func TestAuditIsAppendOnly(t *testing.T) {
	t.Parallel()
	address := postgrestest.URL(t)
	db := postgrestest.OpenURL(t, address)
	young, old := happened(), happened()
	old.KeepUntil = time.Now().Add(-time.Hour)
	coretest.Must(t, db.Audit().Append(t.Context(), young, old))
	conn, err := pgx.Connect(t.Context(), address)
	coretest.Must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	for _, statement := range []string{
		"UPDATE audit_log SET reason = 'forged'", "UPDATE audit_log SET keep_until = now() - interval '1 day'",
		"DELETE FROM audit_log", "DELETE FROM audit_log WHERE id = '" + young.ID.String() + "'",
		"UPDATE audit_log SET subject = NULL WHERE id = '" + old.ID.String() + "'",
		"TRUNCATE audit_log",
	} {
		_, err := conn.Exec(t.Context(), statement)
		var report *pgconn.PgError
		if !errors.As(err, &report) || !strings.Contains(report.Message, "audit_log is append-only") {
			t.Errorf("%s: got %v, want a refusal", statement, err)
		}
	}
	if !told(t, db, young) || !told(t, db, old) {
		t.Error("an event is gone, or was changed")
	}
	_, err = conn.Exec(t.Context(), "DELETE FROM audit_log WHERE id = '"+old.ID.String()+"'")
	coretest.Must(t, err)
}

// TestSweepKeepsWhatTheDatabaseKeeps sweeps by a clock that runs ahead of the database's: what the database
// refuses to remove is left, and spoils nothing.
func TestSweepKeepsWhatTheDatabaseKeeps(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	young, old := happened(), happened()
	old.KeepUntil = time.Now().Add(-time.Hour)
	coretest.Must(t, db.Audit().Append(t.Context(), young, old))
	ahead := time.Now().Add(24 * time.Hour)
	count, err := db.Retention().Count(t.Context(), retention.KindAudit, ahead)
	coretest.Must(t, err)
	swept, err := db.Retention().Sweep(t.Context(), retention.KindAudit, ahead, 10)
	coretest.Must(t, err)
	coretest.Equal(t, []int64{1, 1}, []int64{count, swept})
	coretest.Equal(t, true, told(t, db, young))
	coretest.Equal(t, false, told(t, db, old))
}

// TestEventsTravelWithTheCommit holds the promise of audit.Log: in a transaction an event costs nothing.
func TestEventsTravelWithTheCommit(t *testing.T) {
	t.Parallel()
	db, w := counted(t)
	user := create(t, db)
	act := func(events ...audit.Event) func() error {
		return func() error {
			return db.InTx(t.Context(), func(ctx context.Context) error {
				if err := db.Audit().Append(ctx, events...); err != nil {
					return err
				}
				return second(db.Accounts().Find(ctx, user.ID))
			})
		}
	}
	_, without := w.cost(t, act())
	statements, with := w.cost(t, func() error { return act(happened(), happened())() })
	if with != without || statements != 4 {
		t.Errorf("with events %d statements in %d round trips, without %d", statements, with, without)
	}
	statements, trips := w.cost(t, func() error { return db.Audit().Append(t.Context(), happened(), happened()) })
	if statements != 1 || trips != 1 {
		t.Errorf("outside a transaction %d statements in %d round trips", statements, trips)
	}
}

// TestQueuedEventsFollowTheTransaction covers what becomes of the queue when things go wrong.
func TestQueuedEventsFollowTheTransaction(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	duplicate := happened()
	coretest.Must(t, db.Audit().Append(t.Context(), duplicate))

	t.Run("an error at commit rolls back what came before", func(t *testing.T) {
		t.Parallel()
		user := accounttest.Person("")
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			coretest.Must(t, db.Accounts().Create(ctx, user))
			return db.Audit().Append(ctx, duplicate)
		})
		coretest.Refused(t, err, core.ErrConflict)
		_, err = db.Accounts().Find(t.Context(), user.ID)
		coretest.Refused(t, err, core.ErrNotFound)
	})
	t.Run("a transaction that is run again begins with an empty queue", func(t *testing.T) {
		t.Parallel()
		event, runs := happened(), 0
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			runs++
			coretest.Must(t, db.Audit().Append(ctx, event))
			if runs < 3 {
				return &pgconn.PgError{Code: "40001"}
			}
			return nil
		})
		coretest.Must(t, err) // twice the same event would be a conflict
		coretest.Equal(t, 3, runs)
		coretest.Equal(t, true, told(t, db, event))
	})
	t.Run("what a savepoint undoes is not written", func(t *testing.T) {
		t.Parallel()
		taken, rival, other := accounttest.Person(""), accounttest.Person(""), accounttest.Person("")
		rival.EmailKey = taken.EmailKey
		events := []audit.Event{happened(), happened(), happened()}
		coretest.Must(t, db.InTx(t.Context(), func(ctx context.Context) error {
			coretest.Must(t, db.Accounts().Create(ctx, taken, events[0]))
			coretest.Refused(t, db.Accounts().Create(ctx, rival, events[1]), account.ErrEmailTaken)
			return db.Accounts().Create(ctx, other, events[2])
		}))
		for i, want := range []bool{true, false, true} {
			coretest.Equal(t, want, told(t, db, events[i]))
		}
	})
	t.Run("a failure that nobody heeded is found", func(t *testing.T) {
		t.Parallel()
		event := happened()
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			coretest.Must(t, db.Audit().Append(ctx, event))
			intake := verification.Intake{ID: event.ID, Kind: "register", Payload: []byte{1}, CreatedAt: event.At}
			coretest.Must(t, db.Intakes().Put(ctx, intake))
			if err := db.Intakes().Put(ctx, intake); err == nil {
				t.Error("put twice")
			}
			return nil
		})
		if err == nil || told(t, db, event) {
			t.Errorf("committed after a failed statement: %v", err)
		}
	})
	t.Run("the connection is fit for use afterwards", func(t *testing.T) {
		t.Parallel()
		alone := postgrestest.Open(t, func(config *postgres.Config) { config.MaxConns = 1 })
		event := happened()
		for range 3 {
			coretest.Must(t, alone.InTx(t.Context(), func(ctx context.Context) error {
				return alone.Audit().Append(ctx, happened())
			}))
			_ = alone.InTx(t.Context(), func(ctx context.Context) error { return alone.Audit().Append(ctx, event, event) })
		}
		coretest.Equal(t, 1, alone.Stats().Idle)
	})
}
