-- +goose Up

-- What programs of a person show. Only the digest of a token is kept, and its last four letters as a hint.
CREATE TABLE personal_tokens (
  id           uuid PRIMARY KEY,
  user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  digest       bytea NOT NULL CHECK (octet_length(digest) = 32),
  hint         text NOT NULL CHECK (char_length(hint) = 4),
  scopes       text[] NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  last_used_at timestamptz,
  CONSTRAINT personal_tokens_digest_unique UNIQUE (digest)
);
CREATE INDEX personal_tokens_by_user ON personal_tokens (user_id, created_at DESC, id DESC);
CREATE INDEX personal_tokens_expired ON personal_tokens (expires_at);

-- Machines of their own. created_by is a person or a service account, who may be gone.
CREATE TABLE service_accounts (
  id          uuid PRIMARY KEY,
  name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  description text NOT NULL CHECK (char_length(description) <= 500),
  scopes      text[] NOT NULL,
  disabled    boolean NOT NULL,
  created_by  uuid,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  CONSTRAINT service_accounts_name_unique UNIQUE (name)
);
CREATE INDEX service_accounts_newest ON service_accounts (created_at DESC, id DESC);

-- A key without expires_at is good until it is revoked.
CREATE TABLE service_account_keys (
  id                 uuid PRIMARY KEY,
  service_account_id uuid NOT NULL REFERENCES service_accounts ON DELETE CASCADE,
  digest             bytea NOT NULL CHECK (octet_length(digest) = 32),
  hint               text NOT NULL CHECK (char_length(hint) = 4),
  created_at         timestamptz NOT NULL,
  expires_at         timestamptz,
  last_used_at       timestamptz,
  CONSTRAINT service_account_keys_digest_unique UNIQUE (digest)
);
CREATE INDEX service_account_keys_by_account ON service_account_keys (service_account_id, created_at DESC, id DESC);
CREATE INDEX service_account_keys_expired ON service_account_keys (expires_at) WHERE expires_at IS NOT NULL;
