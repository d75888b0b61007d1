// Package audittest holds the contract suite of the audit log and the in-memory fake of it.
package audittest

import (
	"context"
	"maps"
	"slices"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
)

// Log is an audit.Log and audit.History in memory: the log of a database, to which its other fakes write too.
type Log struct{ db *coretest.Database }

// NewLog gives the log of the database.
func NewLog(db *coretest.Database) *Log { return &Log{db: db} }

// Append implements audit.Log.
func (l *Log) Append(ctx context.Context, events ...audit.Event) error {
	return l.db.Do(ctx, func() error {
		written := l.db.Events(func(audit.Event) bool { return true })
		for _, event := range events {
			if slices.ContainsFunc(written, func(other audit.Event) bool { return other.ID == event.ID }) {
				return core.ErrConflict
			}
		}
		l.db.Record(events...)
		return nil
	})
}

// OfSubject implements audit.History.
func (l *Log) OfSubject(ctx context.Context, subject core.ID, page core.Page) ([]audit.Event, error) {
	behind := func(event audit.Event) bool {
		if page.After.IsZero() {
			return true
		}
		order := event.At.Compare(page.After.At)
		return order < 0 || order == 0 && coretest.CompareIDs(event.ID, page.After.ID) < 0
	}
	events, err := l.find(ctx, func(event audit.Event) bool { return event.Subject == subject && behind(event) })
	return events[:min(len(events), page.Limit)], err
}

// All gives every event, oldest first.
func (l *Log) All() []audit.Event {
	events, _ := l.find(context.Background(), func(audit.Event) bool { return true })
	slices.Reverse(events)
	return events
}

func (l *Log) find(ctx context.Context, keep func(audit.Event) bool) (events []audit.Event, err error) {
	err = l.db.Do(ctx, func() error {
		events = l.db.Events(keep)
		for i := range events {
			events[i].Metadata = maps.Clone(events[i].Metadata)
		}
		return nil
	})
	return events, err
}
