package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/adapters/internal/recordlist"
	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
)

// Outbox is a mail.Outbox and mail.Ledger.
type Outbox struct{ db *Database }

// Outbox gives the store of queued messages.
func (db *Database) Outbox() *Outbox { return &Outbox{db} }

// Put implements mail.Outbox.
func (o *Outbox) Put(ctx context.Context, envelope mail.Envelope) error {
	return translate(o.db.queries(ctx).InsertEnvelope(ctx, pgdb.InsertEnvelopeParams{
		ID: envelope.ID, Kind: string(envelope.Kind), Recipient: envelope.To, Payload: envelope.Payload,
		State: string(envelope.State), Attempts: limit32(envelope.Attempts), LastError: envelope.LastError,
		CreatedAt: envelope.CreatedAt, NextAt: envelope.NextAt, SentAt: optionalTime(envelope.SentAt),
	}))
}

// Claim implements mail.Outbox.
func (o *Outbox) Claim(
	ctx context.Context, now time.Time, lease time.Duration, limit int,
) ([]mail.Envelope, error) {
	rows, err := o.db.queries(ctx).ClaimEnvelopes(ctx, pgdb.ClaimEnvelopesParams{
		LeasedUntil: now.Add(lease), Now: now, Batch: limit32(limit),
	})
	return each(rows, func(row pgdb.ClaimEnvelopesRow) mail.Envelope { return toEnvelope(pgdb.Outbox(row)) }), translate(err)
}

// Sent implements mail.Outbox.
func (o *Outbox) Sent(ctx context.Context, id core.ID, now time.Time) error {
	return affected(o.db.queries(ctx).MarkSent(ctx, pgdb.MarkSentParams{ID: id, Now: &now}))
}

// Defer implements mail.Outbox.
func (o *Outbox) Defer(ctx context.Context, id core.ID, reason string, next time.Time) error {
	return affected(o.db.queries(ctx).DeferEnvelope(ctx, pgdb.DeferEnvelopeParams{
		ID: id, LastError: reason, NextAt: next,
	}))
}

// Fail implements mail.Outbox.
func (o *Outbox) Fail(ctx context.Context, id core.ID, reason string) error {
	return affected(o.db.queries(ctx).FailEnvelope(ctx, pgdb.FailEnvelopeParams{ID: id, LastError: reason}))
}

// Stats implements mail.Outbox.
func (o *Outbox) Stats(ctx context.Context, now time.Time) (stats mail.Stats, err error) {
	queries := o.db.queries(ctx)
	if stats.Queued, err = queries.CountEnvelopes(ctx, string(mail.StateQueued)); err != nil {
		return mail.Stats{}, translate(err)
	}
	if stats.Failed, err = queries.CountEnvelopes(ctx, string(mail.StateFailed)); err != nil {
		return mail.Stats{}, translate(err)
	}
	stats.OldestDue, err = queries.OldestDue(ctx, now)
	if err = translate(err); errors.Is(err, core.ErrNotFound) {
		return stats, nil
	}
	return stats, err
}

// Browse implements mail.Ledger.
func (o *Outbox) Browse(ctx context.Context, query mail.LedgerQuery, page core.Page) ([]mail.Envelope, error) {
	statement, parameters := recordlist.Messages(RecordDialect, query, page)
	rows, err := o.db.on(ctx).Query(ctx, statement, parameters...)
	if err != nil {
		return nil, translate(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[pgdb.Outbox])
	return each(found, toEnvelope), translate(err)
}

// Find implements mail.Ledger.
func (o *Outbox) Find(ctx context.Context, id core.ID) (mail.Envelope, error) {
	row, err := o.db.queries(ctx).Envelope(ctx, id)
	return toEnvelope(row), translate(err)
}

// Requeue implements mail.Ledger.
func (o *Outbox) Requeue(ctx context.Context, id core.ID, now time.Time) error {
	return affected(o.db.queries(ctx).RequeueEnvelope(ctx, pgdb.RequeueEnvelopeParams{ID: id, Now: now}))
}

func toEnvelope(row pgdb.Outbox) mail.Envelope {
	return mail.Envelope{
		ID: row.ID, Kind: mail.Kind(row.Kind), To: row.Recipient, Payload: row.Payload, State: mail.State(row.State),
		Attempts: int(row.Attempts), LastError: row.LastError, CreatedAt: row.CreatedAt, NextAt: row.NextAt,
		SentAt: present(row.SentAt),
	}
}

// Mailbox is a mail.Mailbox.
type Mailbox struct{ db *Database }

// Mailbox gives the store of the development mailbox.
func (db *Database) Mailbox() *Mailbox { return &Mailbox{db} }

// Keep implements mail.Mailbox.
func (m *Mailbox) Keep(ctx context.Context, caught mail.Caught) error {
	return translate(m.db.queries(ctx).KeepMessage(ctx, pgdb.KeepMessageParams{
		ID: caught.ID, Kind: string(caught.Kind), Recipient: caught.To, Channel: caught.Channel,
		Contents: caught.Contents, SentAt: caught.SentAt,
	}))
}

// Browse implements mail.Mailbox.
func (m *Mailbox) Browse(ctx context.Context, to string, kind mail.Kind, limit int) ([]mail.Caught, error) {
	rows, err := m.db.queries(ctx).BrowseMessages(ctx, pgdb.BrowseMessagesParams{
		Recipient: optionalText(to), Kind: optionalText(kind), PageLimit: limit32(limit),
	})
	return each(rows, func(row pgdb.Mailbox) mail.Caught {
		return mail.Caught{
			ID: row.ID, Kind: mail.Kind(row.Kind), To: row.Recipient, Channel: row.Channel,
			Contents: row.Contents, SentAt: row.SentAt,
		}
	}), translate(err)
}

// Empty implements mail.Mailbox.
func (m *Mailbox) Empty(ctx context.Context) error {
	return translate(m.db.queries(ctx).EmptyMailbox(ctx))
}

// letter is a row of outbox as JSON, see event.
type letter struct {
	ID        core.ID     `json:"id"`
	Kind      mail.Kind   `json:"kind"`
	Recipient string      `json:"recipient"`
	Payload   hexadecimal `json:"payload"`
	State     mail.State  `json:"state"`
	Attempts  int         `json:"attempts"`
	LastError string      `json:"last_error"`
	CreatedAt time.Time   `json:"created_at"`
	NextAt    time.Time   `json:"next_at"`
}

// encodeEnvelope gives the argument of statements that queue a message; an empty list for the zero one.
func encodeEnvelope(envelope mail.Envelope) string {
	if envelope.ID.IsZero() {
		return "[]"
	}
	encoded, _ := json.Marshal([]letter{{ // texts, identifiers and times of this millennium always encode
		ID: envelope.ID, Kind: envelope.Kind, Recipient: envelope.To, Payload: envelope.Payload, State: envelope.State,
		Attempts: envelope.Attempts, LastError: envelope.LastError, CreatedAt: envelope.CreatedAt, NextAt: envelope.NextAt,
	}})
	return string(encoded)
}
