package sqlite

import (
	"context"
	"encoding/json"
	"time"

	"github.com/doorward/doorward/adapters/internal/recordlist"
	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// Audit is an audit.Log and audit.History.
type Audit struct{ db *Database }

// Audit gives the log of what happened.
func (db *Database) Audit() *Audit { return &Audit{db} }

// Append implements audit.Log.
func (a *Audit) Append(ctx context.Context, events ...audit.Event) error {
	if len(events) == 0 {
		return nil
	}
	return a.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		return record(ctx, queries, events...)
	})
}

// record writes events in the transaction of the act that they tell of.
func record(ctx context.Context, queries *litedb.Queries, events ...audit.Event) error {
	for _, e := range events {
		if err := queries.InsertEvent(ctx, insertEventParams(e)); err != nil {
			return err
		}
	}
	return nil
}

// RecordDialect is how SQLite reads records.
var RecordDialect = recordlist.Dialect{
	Place:  func(int) string { return "?" },
	Action: "action",
	ID:     func(id core.ID) any { return sqltype.ID(id) },
	Time:   func(at time.Time) any { return sqltype.Time(at) },
}

// Find implements audit.History.
func (a *Audit) Find(ctx context.Context, query audit.Query, page core.Page) (events []audit.Event, err error) {
	statement, parameters := recordlist.Events(RecordDialect, query, page)
	err = a.db.scan(ctx, statement, parameters, func(scan func(...any) error) error {
		var row litedb.AuditLog
		err := scan(&row.ID, &row.At, &row.Action, &row.Outcome, &row.Reason, &row.ActorKind, &row.Actor, &row.Subject,
			&row.SessionID, &row.RequestID, &row.IP, &row.UserAgent, &row.Device, &row.Location, &row.Metadata, &row.KeepUntil)
		events = append(events, toEvent(row))
		return err
	})
	return events, err
}

// Get implements audit.History.
func (a *Audit) Get(ctx context.Context, id core.ID) (audit.Event, error) {
	row, err := a.db.reading(ctx).Event(ctx, sqltype.ID(id))
	return toEvent(row), translate(err)
}

func insertEventParams(e audit.Event) litedb.InsertEventParams {
	metadata := []byte("{}")
	if e.Metadata != nil {
		metadata, _ = json.Marshal(e.Metadata) // texts always encode
	}
	return litedb.InsertEventParams{
		ID: sqltype.ID(e.ID), At: sqltype.Time(e.At), Action: string(e.Action), Outcome: string(e.Outcome),
		Reason: e.Reason, ActorKind: string(e.ActorKind), Actor: optionalID(e.Actor), Subject: optionalID(e.Subject),
		SessionID: optionalID(e.SessionID), RequestID: e.RequestID, IP: e.IP, UserAgent: e.UserAgent,
		Device: e.Device, Location: e.Location, Metadata: string(metadata), KeepUntil: sqltype.Time(e.KeepUntil),
	}
}

func toEvent(row litedb.AuditLog) audit.Event {
	found := audit.Event{
		ID: core.ID(row.ID), At: time.Time(row.At), Action: audit.Action(row.Action),
		Outcome: audit.Outcome(row.Outcome), Reason: row.Reason, ActorKind: audit.ActorKind(row.ActorKind),
		Actor: core.ID(present(row.Actor)), Subject: core.ID(present(row.Subject)),
		SessionID: core.ID(present(row.SessionID)), RequestID: row.RequestID, IP: row.IP, UserAgent: row.UserAgent,
		Device: row.Device, Location: row.Location, KeepUntil: time.Time(row.KeepUntil),
	}
	_ = json.Unmarshal([]byte(row.Metadata), &found.Metadata) // what insertEventParams wrote decodes
	return found
}
