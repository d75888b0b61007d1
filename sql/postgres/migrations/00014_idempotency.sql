-- +goose Up

-- Calls that may be repeated. digest is that of the caller and their key; a call that has not finished by leased_until
-- counts as crashed. reply is sealed, and null where it is not kept.
CREATE TABLE idempotency_keys (
  digest       bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
  run          uuid NOT NULL,
  fingerprint  bytea NOT NULL CHECK (octet_length(fingerprint) = 36),
  created_at   timestamptz NOT NULL,
  leased_until timestamptz NOT NULL,
  finished_at  timestamptz,
  reply        bytea CHECK (octet_length(reply) <= 131072),
  expires_at   timestamptz NOT NULL,
  CONSTRAINT idempotency_keys_reply_at_end CHECK (reply IS NULL OR finished_at IS NOT NULL)
);
CREATE INDEX idempotency_keys_expired ON idempotency_keys (expires_at);
