-- +goose Up

-- settled_on is the day (UTC) on which a session ended or will have idled out. Retention finds what to
-- remove by it. It moves once a day at the most, so that a refresh changes no indexed column and stays a
-- heap-only update; the fill factor leaves room for these on the page.
CREATE TABLE sessions (
  id              uuid PRIMARY KEY,
  user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  user_agent      text NOT NULL CHECK (char_length(user_agent) <= 2048),
  device_kind     text NOT NULL CHECK (char_length(device_kind) <= 64),
  browser         text NOT NULL CHECK (char_length(browser) <= 255),
  os              text NOT NULL CHECK (char_length(os) <= 255),
  ip              text NOT NULL CHECK (char_length(ip) <= 64),
  location        text NOT NULL CHECK (char_length(location) <= 255),
  factors         text[] NOT NULL,
  auth_time       timestamptz NOT NULL,
  created_at      timestamptz NOT NULL,
  last_used_at    timestamptz NOT NULL,
  idle_expires_at timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  end_reason      text CHECK (char_length(end_reason) BETWEEN 1 AND 64),
  generation      bigint NOT NULL CHECK (generation >= 0),
  nonce           bytea NOT NULL CHECK (octet_length(nonce) = 16),
  branches        bigint NOT NULL CHECK (branches >= 1),
  rotated_at      timestamptz NOT NULL,
  used_nonce      bytea NOT NULL CHECK (octet_length(used_nonce) = 16),
  used_branch     bigint NOT NULL CHECK (used_branch >= 0),
  rev             bigint NOT NULL CHECK (rev >= 0),
  settled_on      date NOT NULL GENERATED ALWAYS AS ((LEAST(ended_at, idle_expires_at) AT TIME ZONE 'UTC')::date) STORED,
  CONSTRAINT sessions_idle_within_absolute CHECK (idle_expires_at <= expires_at),
  CONSTRAINT sessions_end_has_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at DESC, id DESC);
CREATE INDEX sessions_settled ON sessions (settled_on);
