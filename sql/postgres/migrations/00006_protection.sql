-- +goose Up

-- The view goes first and comes back at the end: a query locks it before its tables, and replicas that read it
-- meanwhile would deadlock with a migration that does so the other way round.
DROP VIEW accounts;

-- enrol_by is until when somebody who must have a second factor may do without. muted_notices are the kinds of
-- harmless mails that the person does not want, separated by commas.
ALTER TABLE users
  ADD COLUMN second_factor_required boolean NOT NULL DEFAULT false,
  ADD COLUMN enrol_by               timestamptz,
  ADD COLUMN always_ask             boolean NOT NULL DEFAULT false,
  ADD COLUMN muted_notices          text NOT NULL DEFAULT '';
-- To hold the old rows against it would read the whole table under the lock that adds the columns: 00009 does.
ALTER TABLE users ADD CONSTRAINT users_muted_notices_check CHECK (char_length(muted_notices) <= 1000) NOT VALID;

-- One row for each factor. sealed holds what proves it (a TOTP seed); a pending one has no confirmed_at. last_step is the
-- time step of the newest code that was used: a step counts once.
CREATE TABLE factors (
  id           uuid PRIMARY KEY,
  user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  kind         text NOT NULL CHECK (kind IN ('totp', 'email', 'sms', 'whatsapp', 'passkey')),
  label        text NOT NULL CHECK (char_length(label) <= 100),
  sealed       bytea CHECK (octet_length(sealed) BETWEEN 1 AND 16384),
  last_step    bigint NOT NULL DEFAULT -1,
  created_at   timestamptz NOT NULL,
  confirmed_at timestamptz,
  last_used_at timestamptz
);
CREATE INDEX factors_by_user ON factors (user_id, created_at DESC, id DESC);
CREATE UNIQUE INDEX factors_one_email ON factors (user_id) WHERE kind = 'email';
CREATE INDEX factors_pending ON factors (created_at) WHERE confirmed_at IS NULL;

-- A used code is removed.
CREATE TABLE recovery_codes (
  user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  digest     bytea NOT NULL CHECK (octet_length(digest) BETWEEN 32 AND 64),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, digest)
);

-- The clients that have signed in to an account. trusted_until: until when a client is spared the second factor.
CREATE TABLE devices (
  id            uuid PRIMARY KEY,
  user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  digest        bytea NOT NULL CHECK (octet_length(digest) = 32),
  user_agent    text NOT NULL CHECK (char_length(user_agent) <= 2048),
  kind          text NOT NULL CHECK (char_length(kind) <= 64),
  browser       text NOT NULL CHECK (char_length(browser) <= 255),
  os            text NOT NULL CHECK (char_length(os) <= 255),
  ip            text NOT NULL CHECK (char_length(ip) <= 64),
  location      text NOT NULL CHECK (char_length(location) <= 255),
  created_at    timestamptz NOT NULL,
  last_used_at  timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  trusted_until timestamptz,
  CONSTRAINT devices_digest_unique UNIQUE (digest)
);
CREATE INDEX devices_by_user ON devices (user_id, created_at DESC, id DESC);
CREATE INDEX devices_expired ON devices (expires_at);

-- How many tries at an account failed. An empty source counts those of all unknown sources together. streak goes on
-- counting when the lock has run out, and is forgotten only by a success.
CREATE TABLE tries (
  subject    text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 128),
  source     text NOT NULL CHECK (char_length(source) <= 128),
  failures   integer NOT NULL CHECK (failures >= 0),
  streak     integer NOT NULL CHECK (streak >= 0),
  expires_at timestamptz NOT NULL,
  touched_at timestamptz NOT NULL,
  noticed_at timestamptz,
  PRIMARY KEY (subject, source)
);
CREATE INDEX tries_by_age ON tries (touched_at);

-- What happened, for ever unchanged. Rows name people by their id alone, so that a purged person is nobody here.
CREATE TABLE audit_log (
  id         uuid PRIMARY KEY,
  at         timestamptz NOT NULL,
  action     text NOT NULL CHECK (char_length(action) BETWEEN 1 AND 64),
  outcome    text NOT NULL CHECK (outcome IN ('success', 'failure', 'refused')),
  reason     text NOT NULL CHECK (char_length(reason) <= 64),
  actor_kind text NOT NULL CHECK (actor_kind IN ('person', 'stranger', 'system', 'operator', 'service')),
  actor      uuid,
  subject    uuid,
  session_id uuid,
  request_id text NOT NULL CHECK (char_length(request_id) <= 64),
  ip         text NOT NULL CHECK (char_length(ip) <= 64),
  user_agent text NOT NULL CHECK (char_length(user_agent) <= 2048),
  device     text NOT NULL CHECK (char_length(device) <= 512),
  location   text NOT NULL CHECK (char_length(location) <= 255),
  metadata   jsonb NOT NULL,
  keep_until timestamptz NOT NULL
);
CREATE INDEX audit_log_by_subject ON audit_log (subject, at DESC, id DESC) WHERE subject IS NOT NULL;
CREATE INDEX audit_log_by_age ON audit_log (at DESC, id DESC);
CREATE INDEX audit_log_expired ON audit_log (keep_until);

-- +goose StatementBegin
CREATE FUNCTION audit_log_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.keep_until <= now() THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'audit_log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_log_rows BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_guard();
CREATE TRIGGER audit_log_whole BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_log_guard();

-- A user with its roles and the kinds of its confirmed second factors, in one row.
CREATE VIEW accounts AS
SELECT users.*,
  ARRAY(SELECT role FROM user_roles WHERE user_id = users.id ORDER BY role COLLATE "C")::text[] AS roles,
  ARRAY(SELECT DISTINCT kind FROM factors WHERE user_id = users.id AND confirmed_at IS NOT NULL ORDER BY kind)::text[] AS second_factors
FROM users;
