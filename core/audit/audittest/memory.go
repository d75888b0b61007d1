// Package audittest holds the contract suite of the audit log and the in-memory fake of it.
package audittest

import (
	"context"
	"maps"
	"slices"
	"strings"

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

// Find implements audit.History.
func (l *Log) Find(ctx context.Context, query audit.Query, page core.Page) ([]audit.Event, error) {
	behind := func(event audit.Event) bool {
		if page.After.IsZero() {
			return true
		}
		order := event.At.Compare(page.After.At)
		return order < 0 || order == 0 && coretest.CompareIDs(event.ID, page.After.ID) < 0
	}
	events, err := l.find(ctx, func(event audit.Event) bool { return selects(query, event) && behind(event) })
	return events[:min(len(events), page.Limit)], err
}

// Get implements audit.History.
func (l *Log) Get(ctx context.Context, id core.ID) (audit.Event, error) {
	events, err := l.find(ctx, func(event audit.Event) bool { return event.ID == id })
	if err == nil && len(events) == 0 {
		err = core.ErrNotFound
	}
	if err != nil {
		return audit.Event{}, err
	}
	return events[0], nil
}

// selects is the query in words of Go.
func selects(query audit.Query, event audit.Event) bool {
	action := query.Action == "" || query.Action == event.Action
	if prefix, family := query.Action.Family(); family {
		action = strings.HasPrefix(string(event.Action), prefix)
	}
	return action &&
		(query.Actor.IsZero() || query.Actor == event.Actor) &&
		(query.Subject.IsZero() || query.Subject == event.Subject) &&
		(!query.Attempts || event.Action.IsAttempt()) &&
		(query.Outcome == "" || query.Outcome == event.Outcome) &&
		(query.IP == "" || query.IP == event.IP) &&
		(query.From.IsZero() || !event.At.Before(query.From)) &&
		(query.Until.IsZero() || event.At.Before(query.Until))
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
