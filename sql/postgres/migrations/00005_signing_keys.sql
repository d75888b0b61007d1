-- +goose Up

CREATE TABLE signing_keys (
  id          text PRIMARY KEY CHECK (char_length(id) BETWEEN 1 AND 128),
  algorithm   text NOT NULL CHECK (algorithm IN ('ES256', 'EdDSA', 'RS256')),
  public      bytea NOT NULL CHECK (octet_length(public) BETWEEN 1 AND 8192),
  sealed      bytea NOT NULL CHECK (octet_length(sealed) BETWEEN 1 AND 16384),
  created_at  timestamptz NOT NULL,
  active_from timestamptz NOT NULL,
  retire_at   timestamptz
);
