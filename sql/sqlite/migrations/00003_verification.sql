-- +goose Up

CREATE TABLE intakes (
  id         uuid NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  kind       text NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
  payload    blob NOT NULL CHECK (length(payload) <= 65536),
  created_at timestamptz NOT NULL,
  due_at     timestamptz NOT NULL,
  attempts   integer NOT NULL CHECK (attempts >= 0)
);
CREATE INDEX intakes_by_age ON intakes (created_at, id);

-- A flow without registration and user is a decoy. closed: used or killed.
CREATE TABLE flows (
  id              uuid NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  purpose         text NOT NULL CHECK (length(purpose) BETWEEN 1 AND 64),
  subject         text NOT NULL CHECK (length(subject) BETWEEN 1 AND 1024),
  registration_id uuid REFERENCES registrations ON DELETE CASCADE,
  user_id         uuid REFERENCES users ON DELETE CASCADE,
  digest          blob NOT NULL CHECK (length(digest) = 32),
  detail          blob CHECK (length(detail) <= 65536),
  tries           integer NOT NULL CHECK (tries >= 0),
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  closed          boolean NOT NULL DEFAULT false CHECK (closed IN (0, 1)),
  CONSTRAINT flows_one_owner CHECK (registration_id IS NULL OR user_id IS NULL)
);
CREATE INDEX flows_by_subject ON flows (subject, purpose, created_at DESC, id DESC) WHERE NOT closed;
CREATE INDEX flows_by_user ON flows (user_id, purpose) WHERE user_id IS NOT NULL;
CREATE INDEX flows_by_registration ON flows (registration_id) WHERE registration_id IS NOT NULL;
CREATE INDEX flows_expired ON flows (expires_at);

-- How many codes in a row failed for a subject.
CREATE TABLE code_budgets (
  subject    text NOT NULL PRIMARY KEY CHECK (length(subject) BETWEEN 1 AND 1024),
  failures   integer NOT NULL CHECK (failures >= 1),
  touched_at timestamptz NOT NULL
);
CREATE INDEX code_budgets_by_age ON code_budgets (touched_at);

CREATE TABLE links (
  digest          blob NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
  purpose         text NOT NULL CHECK (length(purpose) BETWEEN 1 AND 64),
  registration_id uuid REFERENCES registrations ON DELETE CASCADE,
  user_id         uuid REFERENCES users ON DELETE CASCADE,
  flow_id         uuid REFERENCES flows ON DELETE SET NULL,
  detail          blob CHECK (length(detail) <= 65536),
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  CONSTRAINT links_one_owner CHECK ((registration_id IS NULL) <> (user_id IS NULL))
);
CREATE INDEX links_by_user ON links (user_id, purpose) WHERE user_id IS NOT NULL;
CREATE INDEX links_by_registration ON links (registration_id) WHERE registration_id IS NOT NULL;
CREATE INDEX links_by_flow ON links (flow_id) WHERE flow_id IS NOT NULL;
CREATE INDEX links_expired ON links (expires_at);
