-- +goose Up

CREATE TABLE signing_keys (
  id          text NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
  algorithm   text NOT NULL CHECK (algorithm IN ('ES256', 'EdDSA', 'RS256')),
  public      blob NOT NULL CHECK (length(public) BETWEEN 1 AND 8192),
  sealed      blob NOT NULL CHECK (length(sealed) BETWEEN 1 AND 16384),
  created_at  timestamptz NOT NULL,
  active_from timestamptz NOT NULL,
  retire_at   timestamptz
);
