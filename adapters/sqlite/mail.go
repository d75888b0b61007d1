package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/doorward/doorward/adapters/internal/recordlist"
	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
)

// Outbox is a mail.Outbox and mail.Ledger.
type Outbox struct{ db *Database }

// Outbox gives the store of queued messages.
func (db *Database) Outbox() *Outbox { return &Outbox{db} }

// Put implements mail.Outbox.
func (o *Outbox) Put(ctx context.Context, envelope mail.Envelope) error {
	return translate(o.db.writing(ctx).InsertEnvelope(ctx, insertEnvelopeParams(envelope)))
}

func insertEnvelopeParams(envelope mail.Envelope) litedb.InsertEnvelopeParams {
	return litedb.InsertEnvelopeParams{
		ID: sqltype.ID(envelope.ID), Kind: string(envelope.Kind), Recipient: envelope.To, Payload: envelope.Payload,
		State: string(envelope.State), Attempts: int64(envelope.Attempts), LastError: envelope.LastError,
		CreatedAt: sqltype.Time(envelope.CreatedAt), NextAt: sqltype.Time(envelope.NextAt), SentAt: optionalTime(envelope.SentAt),
	}
}

// Claim implements mail.Outbox.
func (o *Outbox) Claim(
	ctx context.Context, now time.Time, lease time.Duration, limit int,
) ([]mail.Envelope, error) {
	var claimed []mail.Envelope
	err := o.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		claimed = nil
		due, err := queries.DueEnvelopes(ctx, litedb.DueEnvelopesParams{Now: sqltype.Time(now), Batch: int64(limit)})
		if err != nil {
			return err
		}
		for _, envelope := range due {
			leased, err := queries.LeaseEnvelope(ctx, litedb.LeaseEnvelopeParams{
				ID: envelope.ID, LeasedUntil: sqltype.Time(now.Add(lease)),
			})
			if err != nil {
				return err
			}
			claimed = append(claimed, toEnvelope(leased))
		}
		return nil
	})
	return claimed, err
}

// Sent implements mail.Outbox.
func (o *Outbox) Sent(ctx context.Context, id core.ID, now time.Time) error {
	return affected(o.db.writing(ctx).MarkSent(ctx, litedb.MarkSentParams{ID: sqltype.ID(id), Now: optionalTime(now)}))
}

// Defer implements mail.Outbox.
func (o *Outbox) Defer(ctx context.Context, id core.ID, reason string, next time.Time) error {
	return affected(o.db.writing(ctx).DeferEnvelope(ctx, litedb.DeferEnvelopeParams{
		ID: sqltype.ID(id), LastError: reason, NextAt: sqltype.Time(next),
	}))
}

// Fail implements mail.Outbox.
func (o *Outbox) Fail(ctx context.Context, id core.ID, reason string) error {
	return affected(o.db.writing(ctx).FailEnvelope(ctx, litedb.FailEnvelopeParams{ID: sqltype.ID(id), LastError: reason}))
}

// Stats implements mail.Outbox.
func (o *Outbox) Stats(ctx context.Context, now time.Time) (stats mail.Stats, err error) {
	queries := o.db.reading(ctx)
	if stats.Queued, err = queries.CountEnvelopes(ctx, string(mail.StateQueued)); err != nil {
		return mail.Stats{}, translate(err)
	}
	if stats.Failed, err = queries.CountEnvelopes(ctx, string(mail.StateFailed)); err != nil {
		return mail.Stats{}, translate(err)
	}
	oldest, err := queries.OldestDue(ctx, sqltype.Time(now))
	if errors.Is(err, sql.ErrNoRows) {
		return stats, nil
	}
	stats.OldestDue = time.Time(oldest)
	return stats, translate(err)
}

// Browse implements mail.Ledger.
func (o *Outbox) Browse(
	ctx context.Context, query mail.LedgerQuery, page core.Page,
) (envelopes []mail.Envelope, err error) {
	statement, parameters := recordlist.Messages(RecordDialect, query, page)
	err = o.db.scan(ctx, statement, parameters, func(scan func(...any) error) error {
		var row litedb.Outbox
		err := scan(&row.ID, &row.Kind, &row.Recipient, &row.Payload, &row.State, &row.Attempts, &row.LastError,
			&row.CreatedAt, &row.NextAt, &row.SentAt)
		envelopes = append(envelopes, toEnvelope(row))
		return err
	})
	return envelopes, err
}

// Find implements mail.Ledger.
func (o *Outbox) Find(ctx context.Context, id core.ID) (mail.Envelope, error) {
	row, err := o.db.reading(ctx).Envelope(ctx, sqltype.ID(id))
	return toEnvelope(row), translate(err)
}

// Requeue implements mail.Ledger.
func (o *Outbox) Requeue(ctx context.Context, id core.ID, now time.Time) error {
	return affected(o.db.writing(ctx).RequeueEnvelope(ctx, litedb.RequeueEnvelopeParams{
		ID: sqltype.ID(id), Now: sqltype.Time(now),
	}))
}

func toEnvelope(row litedb.Outbox) mail.Envelope {
	return mail.Envelope{
		ID: core.ID(row.ID), Kind: mail.Kind(row.Kind), To: row.Recipient, Payload: row.Payload, State: mail.State(row.State),
		Attempts: int(row.Attempts), LastError: row.LastError, CreatedAt: time.Time(row.CreatedAt), NextAt: time.Time(row.NextAt),
		SentAt: presentTime(row.SentAt),
	}
}

// Mailbox is a mail.Mailbox.
type Mailbox struct{ db *Database }

// Mailbox gives the store of the development mailbox.
func (db *Database) Mailbox() *Mailbox { return &Mailbox{db} }

// Keep implements mail.Mailbox.
func (m *Mailbox) Keep(ctx context.Context, caught mail.Caught) error {
	return translate(m.db.writing(ctx).KeepMessage(ctx, litedb.KeepMessageParams{
		ID: sqltype.ID(caught.ID), Kind: string(caught.Kind), Recipient: caught.To, Channel: caught.Channel,
		Contents: caught.Contents, SentAt: sqltype.Time(caught.SentAt),
	}))
}

// Browse implements mail.Mailbox.
func (m *Mailbox) Browse(ctx context.Context, to string, kind mail.Kind, limit int) ([]mail.Caught, error) {
	rows, err := m.db.reading(ctx).BrowseMessages(ctx, litedb.BrowseMessagesParams{
		Recipient: optionalText(to), Kind: optionalText(kind), PageLimit: int64(limit),
	})
	return each(rows, func(row litedb.Mailbox) mail.Caught {
		return mail.Caught{
			ID: core.ID(row.ID), Kind: mail.Kind(row.Kind), To: row.Recipient, Channel: row.Channel,
			Contents: row.Contents, SentAt: time.Time(row.SentAt),
		}
	}), translate(err)
}

// Empty implements mail.Mailbox.
func (m *Mailbox) Empty(ctx context.Context) error {
	return translate(m.db.writing(ctx).EmptyMailbox(ctx))
}
