-- +goose Up

-- Factors are a JSON array.
CREATE TABLE sessions (
  id              uuid NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  user_agent      text NOT NULL CHECK (length(user_agent) <= 2048),
  device_kind     text NOT NULL CHECK (length(device_kind) <= 64),
  browser         text NOT NULL CHECK (length(browser) <= 255),
  os              text NOT NULL CHECK (length(os) <= 255),
  ip              text NOT NULL CHECK (length(ip) <= 64),
  location        text NOT NULL CHECK (length(location) <= 255),
  factors         text NOT NULL CHECK (json_valid(factors)),
  auth_time       timestamptz NOT NULL,
  created_at      timestamptz NOT NULL,
  last_used_at    timestamptz NOT NULL,
  idle_expires_at timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  end_reason      text CHECK (length(end_reason) BETWEEN 1 AND 64),
  generation      integer NOT NULL CHECK (generation >= 0),
  nonce           blob NOT NULL CHECK (length(nonce) = 16),
  branches        integer NOT NULL CHECK (branches >= 1),
  rotated_at      timestamptz NOT NULL,
  used_nonce      blob NOT NULL CHECK (length(used_nonce) = 16),
  used_branch     integer NOT NULL CHECK (used_branch >= 0),
  rev             integer NOT NULL CHECK (rev >= 0),
  CONSTRAINT sessions_idle_within_absolute CHECK (idle_expires_at <= expires_at),
  CONSTRAINT sessions_end_has_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at DESC, id DESC);
CREATE INDEX sessions_settled ON sessions (min(coalesce(ended_at, idle_expires_at), idle_expires_at));
