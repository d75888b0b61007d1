// Package mailtest holds the contract suites of the mail stores and the in-memory fakes of them.
package mailtest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
)

// Outbox is a mail.Outbox and mail.Ledger in memory.
type Outbox struct {
	db   *coretest.Database
	rows *coretest.Table[core.ID, mail.Envelope]
}

// NewOutbox makes an empty outbox that takes part in the database's transactions.
func NewOutbox(db *coretest.Database) *Outbox {
	store := &Outbox{db: db, rows: coretest.NewTable[core.ID, mail.Envelope](db)}
	coretest.Expires(db, "mail", store.rows, settledAt, nil)
	return store
}

func settledAt(envelope mail.Envelope) time.Time {
	if envelope.State == mail.StateQueued {
		return time.Time{}
	}
	return envelope.NextAt
}

// Put implements mail.Outbox.
func (o *Outbox) Put(ctx context.Context, envelope mail.Envelope) error {
	return o.db.Do(ctx, func() error {
		envelope.Payload = slices.Clone(envelope.Payload)
		o.rows.Put(envelope.ID, envelope)
		return nil
	})
}

// Claim implements mail.Outbox.
func (o *Outbox) Claim(
	ctx context.Context, now time.Time, lease time.Duration, limit int,
) (claimed []mail.Envelope, err error) {
	err = o.db.Do(ctx, func() error {
		due := o.due(now)
		for _, row := range due[:min(limit, len(due))] {
			row.Attempts++
			row.NextAt = now.Add(lease)
			o.rows.Put(row.ID, row)
			claimed = append(claimed, row)
		}
		return nil
	})
	return claimed, err
}

func (o *Outbox) due(now time.Time) []mail.Envelope {
	return o.rows.Rows(
		func(row mail.Envelope) bool { return row.State == mail.StateQueued && !row.NextAt.After(now) },
		func(a, b mail.Envelope) int {
			return cmp.Or(a.NextAt.Compare(b.NextAt), coretest.CompareIDs(a.ID, b.ID))
		})
}

// Sent implements mail.Outbox.
func (o *Outbox) Sent(ctx context.Context, id core.ID, now time.Time) error {
	return o.change(ctx, id, func(row *mail.Envelope) bool {
		wanted := row.State != mail.StateSent
		row.State, row.Payload, row.SentAt, row.NextAt = mail.StateSent, nil, now, now
		return wanted
	})
}

// Defer implements mail.Outbox.
func (o *Outbox) Defer(ctx context.Context, id core.ID, reason string, next time.Time) error {
	return o.change(ctx, id, func(row *mail.Envelope) bool {
		row.LastError, row.NextAt = reason, next
		return row.State == mail.StateQueued
	})
}

// Fail implements mail.Outbox.
func (o *Outbox) Fail(ctx context.Context, id core.ID, reason string) error {
	return o.change(ctx, id, func(row *mail.Envelope) bool {
		wanted := row.State == mail.StateQueued
		row.State, row.LastError = mail.StateFailed, reason
		return wanted
	})
}

func (o *Outbox) change(ctx context.Context, id core.ID, change func(*mail.Envelope) bool) error {
	return o.db.Do(ctx, func() error {
		row, known := o.rows.Get(id)
		if !known || !change(&row) {
			return core.ErrNotFound
		}
		o.rows.Put(id, row)
		return nil
	})
}

// Stats implements mail.Outbox.
func (o *Outbox) Stats(ctx context.Context, now time.Time) (stats mail.Stats, err error) {
	err = o.db.Do(ctx, func() error {
		for _, row := range o.rows.All() {
			switch row.State {
			case mail.StateQueued:
				stats.Queued++
			case mail.StateFailed:
				stats.Failed++
			case mail.StateSent:
			}
		}
		if due := o.due(now); len(due) > 0 {
			stats.OldestDue = due[0].NextAt
		}
		return nil
	})
	return stats, err
}

// Browse implements mail.Ledger.
func (o *Outbox) Browse(
	ctx context.Context, query mail.LedgerQuery, page core.Page,
) (envelopes []mail.Envelope, err error) {
	err = o.db.Do(ctx, func() error {
		envelopes = o.rows.Rows(
			func(row mail.Envelope) bool {
				return (query.State == "" || row.State == query.State) && (query.Kind == "" || row.Kind == query.Kind) &&
					(page.After.IsZero() || coretest.CompareIDs(row.ID, page.After.ID) < 0)
			},
			func(a, b mail.Envelope) int { return coretest.CompareIDs(b.ID, a.ID) })
		envelopes = envelopes[:min(page.Limit, len(envelopes))]
		for i := range envelopes {
			envelopes[i].Payload = nil
		}
		return nil
	})
	return envelopes, err
}

// Find implements mail.Ledger.
func (o *Outbox) Find(ctx context.Context, id core.ID) (envelope mail.Envelope, err error) {
	err = o.db.Do(ctx, func() (err error) {
		var known bool
		if envelope, known = o.rows.Get(id); !known {
			err = core.ErrNotFound
		}
		return err
	})
	return envelope, err
}

// Requeue implements mail.Ledger.
func (o *Outbox) Requeue(ctx context.Context, id core.ID, now time.Time) error {
	return o.change(ctx, id, func(row *mail.Envelope) bool {
		wanted := row.State == mail.StateFailed
		row.State, row.NextAt = mail.StateQueued, now
		return wanted
	})
}

// All gives every envelope, oldest first, for tests that look at what was queued.
func (o *Outbox) All() []mail.Envelope {
	var all []mail.Envelope
	_ = o.db.Do(context.Background(), func() error {
		all = o.rows.Rows(
			func(mail.Envelope) bool { return true },
			func(a, b mail.Envelope) int {
				return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), coretest.CompareIDs(a.ID, b.ID))
			})
		return nil
	})
	return all
}

// Mailbox is a mail.Mailbox in memory.
type Mailbox struct {
	db   *coretest.Database
	rows *coretest.Table[core.ID, mail.Caught]
}

// NewMailbox makes an empty mailbox that takes part in the database's transactions.
func NewMailbox(db *coretest.Database) *Mailbox {
	store := &Mailbox{db: db, rows: coretest.NewTable[core.ID, mail.Caught](db)}
	coretest.Expires(db, "mailbox", store.rows, func(row mail.Caught) time.Time { return row.SentAt }, nil)
	return store
}

// Keep implements mail.Mailbox.
func (m *Mailbox) Keep(ctx context.Context, caught mail.Caught) error {
	return m.db.Do(ctx, func() error {
		if _, known := m.rows.Get(caught.ID); known {
			return nil
		}
		caught.Contents = slices.Clone(caught.Contents)
		m.rows.Put(caught.ID, caught)
		return nil
	})
}

// Browse implements mail.Mailbox.
func (m *Mailbox) Browse(
	ctx context.Context, to string, kind mail.Kind, limit int,
) (messages []mail.Caught, err error) {
	err = m.db.Do(ctx, func() error {
		messages = m.rows.Rows(
			func(row mail.Caught) bool { return (to == "" || row.To == to) && (kind == "" || row.Kind == kind) },
			func(a, b mail.Caught) int {
				return cmp.Or(b.SentAt.Compare(a.SentAt), coretest.CompareIDs(b.ID, a.ID))
			})
		messages = messages[:min(limit, len(messages))]
		return nil
	})
	return messages, err
}

// Empty implements mail.Mailbox.
func (m *Mailbox) Empty(ctx context.Context) error {
	return m.db.Do(ctx, func() error {
		for id := range m.rows.All() {
			m.rows.Delete(id)
		}
		return nil
	})
}
