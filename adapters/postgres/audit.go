package postgres

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/internal/recordlist"
	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// Audit is an audit.Log and audit.History.
type Audit struct{ db *Database }

// Audit gives the log of what happened.
func (db *Database) Audit() *Audit { return &Audit{db} }

// Append implements audit.Log. In a transaction the events travel with COMMIT.
func (a *Audit) Append(ctx context.Context, events ...audit.Event) error {
	if len(events) == 0 {
		return nil
	}
	if tx := a.db.current(ctx); tx != nil && ctx.Err() == nil {
		tx.enqueue(pgdb.AppendEvents, encodeEvents(events))
		return nil
	}
	return translate(a.db.queries(ctx).AppendEvents(ctx, encodeEvents(events)))
}

// RecordDialect is how PostgreSQL reads records. The index of actions orders them byte by byte, whatever the database's
// collation.
var RecordDialect = recordlist.Dialect{
	Place:  func(n int) string { return "$" + strconv.Itoa(n) },
	Action: `action COLLATE "C"`,
	ID:     func(id core.ID) any { return id },
	Time:   func(at time.Time) any { return at },
}

// Find implements audit.History.
func (a *Audit) Find(ctx context.Context, query audit.Query, page core.Page) ([]audit.Event, error) {
	statement, parameters := recordlist.Events(RecordDialect, query, page)
	rows, err := a.db.on(ctx).Query(ctx, statement, parameters...)
	if err != nil {
		return nil, translate(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[pgdb.AuditLog])
	return each(found, toEvent), translate(err)
}

// Get implements audit.History.
func (a *Audit) Get(ctx context.Context, id core.ID) (audit.Event, error) {
	row, err := a.db.queries(ctx).Event(ctx, id)
	return toEvent(row), translate(err)
}

// event is a row of audit_log as JSON. What a statement is to write beside its own work it takes in this form:
// any number of rows are one argument.
type event struct {
	ID        core.ID           `json:"id"`
	At        time.Time         `json:"at"`
	Action    audit.Action      `json:"action"`
	Outcome   audit.Outcome     `json:"outcome"`
	Reason    string            `json:"reason"`
	ActorKind audit.ActorKind   `json:"actor_kind"`
	Actor     *core.ID          `json:"actor"`
	Subject   *core.ID          `json:"subject"`
	SessionID *core.ID          `json:"session_id"`
	RequestID string            `json:"request_id"`
	IP        string            `json:"ip"`
	UserAgent string            `json:"user_agent"`
	Device    string            `json:"device"`
	Location  string            `json:"location"`
	Metadata  map[string]string `json:"metadata"`
	KeepUntil time.Time         `json:"keep_until"`
}

// encodeEvents gives the argument of statements that write events; an empty list for none.
func encodeEvents(events []audit.Event) string {
	rows := make([]event, len(events))
	for i, e := range events {
		rows[i] = event{
			ID: e.ID, At: e.At, Action: e.Action, Outcome: e.Outcome, Reason: e.Reason, ActorKind: e.ActorKind,
			Actor: optionalID(e.Actor), Subject: optionalID(e.Subject), SessionID: optionalID(e.SessionID),
			RequestID: e.RequestID, IP: e.IP, UserAgent: e.UserAgent, Device: e.Device, Location: e.Location,
			Metadata: e.Metadata, KeepUntil: e.KeepUntil,
		}
		if e.Metadata == nil {
			rows[i].Metadata = map[string]string{}
		}
	}
	encoded, _ := json.Marshal(rows) // texts, identifiers and times of this millennium always encode
	return string(encoded)
}

func toEvent(row pgdb.AuditLog) audit.Event {
	found := audit.Event{
		ID: row.ID, At: row.At, Action: audit.Action(row.Action), Outcome: audit.Outcome(row.Outcome),
		Reason: row.Reason, ActorKind: audit.ActorKind(row.ActorKind), Actor: present(row.Actor),
		Subject: present(row.Subject), SessionID: present(row.SessionID), RequestID: row.RequestID, IP: row.IP,
		UserAgent: row.UserAgent, Device: row.Device, Location: row.Location, KeepUntil: row.KeepUntil,
	}
	_ = json.Unmarshal([]byte(row.Metadata), &found.Metadata) // what encodeEvents wrote decodes
	return found
}
