-- +goose Up

-- next_at is when a queued message is due, and when a settled one was sent or last tried.
CREATE TABLE outbox (
  id         uuid PRIMARY KEY,
  kind       text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 64),
  recipient  text NOT NULL CHECK (char_length(recipient) BETWEEN 1 AND 320),
  payload    bytea CHECK (octet_length(payload) <= 1048576),
  state      text NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
  attempts   integer NOT NULL CHECK (attempts >= 0),
  last_error text NOT NULL CHECK (char_length(last_error) <= 2000),
  created_at timestamptz NOT NULL,
  next_at    timestamptz NOT NULL,
  sent_at    timestamptz,
  CONSTRAINT outbox_sent_is_erased CHECK ((state = 'sent') = (payload IS NULL)),
  CONSTRAINT outbox_sent_has_time CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX outbox_due ON outbox (next_at, id) WHERE state = 'queued';
CREATE INDEX outbox_failed ON outbox (id) WHERE state = 'failed';
CREATE INDEX outbox_settled ON outbox (next_at) WHERE state <> 'queued';

CREATE TABLE mailbox (
  id        uuid PRIMARY KEY,
  kind      text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 64),
  recipient text NOT NULL CHECK (char_length(recipient) BETWEEN 1 AND 320),
  channel   text NOT NULL CHECK (char_length(channel) BETWEEN 1 AND 64),
  contents  bytea NOT NULL CHECK (octet_length(contents) <= 1048576),
  sent_at   timestamptz NOT NULL
);
CREATE INDEX mailbox_by_age ON mailbox (sent_at DESC, id DESC);
