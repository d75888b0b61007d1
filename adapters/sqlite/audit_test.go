package sqlite_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/sqlite"
	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/retention"
)

func TestAudit(t *testing.T) {
	t.Parallel()
	audittest.TestLog(t, func(t *testing.T) audittest.Stores {
		db := sqlitetest.Open(t)
		return audittest.Stores{Tx: db, Log: db.Audit(), History: db.Audit()}
	})
}

// happened is an event of today, which the database keeps for an hour.
func happened() audit.Event {
	return audittest.Event(core.NewIDs(core.ClockFunc(time.Now)).New(), core.ClockFunc(time.Now).Now())
}

func told(t *testing.T, db *sqlite.Database, event audit.Event) bool {
	t.Helper()
	events, err := db.Audit().Find(t.Context(), audit.Query{Subject: event.Subject}, core.Page{Limit: 10})
	coretest.Must(t, err)
	return len(events) == 1 && events[0].ID == event.ID
}

// TestAuditIsAppendOnly tries, through a connection of its own, what no query of ours does.
func TestAuditIsAppendOnly(t *testing.T) {
	t.Parallel()
	path := sqlitetest.File(t)
	db := sqlitetest.OpenFile(t, path)
	young, old := happened(), happened()
	old.KeepUntil = time.Now().Add(-time.Hour)
	coretest.Must(t, db.Audit().Append(t.Context(), young, old))
	raw, err := sql.Open("sqlite", path)
	coretest.Must(t, err)
	t.Cleanup(func() { _ = raw.Close() })
	for _, statement := range []string{
		"UPDATE audit_log SET reason = 'forged'", "UPDATE audit_log SET keep_until = 0", "DELETE FROM audit_log",
		"UPDATE audit_log SET subject = NULL WHERE reason <> ''", "REPLACE INTO audit_log SELECT * FROM audit_log",
	} {
		if _, err := raw.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: got %v, want a refusal", statement, err)
		}
	}
	if !told(t, db, young) || !told(t, db, old) {
		t.Error("an event is gone, or was changed")
	}
	_, err = raw.ExecContext(t.Context(), "DELETE FROM audit_log WHERE keep_until < ?", time.Now().UnixMicro())
	coretest.Must(t, err)
	coretest.Equal(t, false, told(t, db, old))
}

// TestSweepKeepsWhatTheDatabaseKeeps sweeps by a clock that runs ahead: what the database refuses to remove is
// left, and spoils nothing.
func TestSweepKeepsWhatTheDatabaseKeeps(t *testing.T) {
	t.Parallel()
	db := sqlitetest.Open(t)
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
