-- +goose Up

-- Identifiers are blobs of 16 bytes, times are microseconds since 1970 (UTC).
-- Lengths are a last line behind the domain's own, finer rules. Keys are the unique forms of what people
-- write. A password hash is a PHC string or modular crypt, so it begins with a dollar sign.
CREATE TABLE users (
  id                  uuid NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  email               text NOT NULL CHECK (length(email) BETWEEN 3 AND 320),
  email_key           text NOT NULL CHECK (length(email_key) BETWEEN 3 AND 320),
  email_verified      boolean NOT NULL CHECK (email_verified IN (0, 1)),
  username            text CHECK (length(username) BETWEEN 1 AND 255),
  username_key        text CHECK (length(username_key) BETWEEN 1 AND 255),
  name                text NOT NULL CHECK (length(name) <= 400),
  bio                 text NOT NULL CHECK (length(bio) <= 4000),
  image_url           text NOT NULL CHECK (length(image_url) <= 2048),
  locale              text NOT NULL CHECK (length(locale) <= 64),
  phone               text NOT NULL CHECK (length(phone) <= 32),
  status              text NOT NULL CHECK (status IN ('active', 'suspended', 'deactivated', 'deleted')),
  password_hash       text CHECK (password_hash LIKE '$_%$_%' AND length(password_hash) <= 1024),
  password_changed_at timestamptz,
  must_reset          boolean NOT NULL CHECK (must_reset IN (0, 1)),
  created_at          timestamptz NOT NULL,
  updated_at          timestamptz NOT NULL,
  deleted_at          timestamptz,
  purge_at            timestamptz,
  rev                 integer NOT NULL CHECK (rev >= 0),
  CONSTRAINT users_email_key_unique UNIQUE (email_key),
  CONSTRAINT users_username_key_unique UNIQUE (username_key),
  CONSTRAINT users_username_has_key CHECK ((username IS NULL) = (username_key IS NULL)),
  CONSTRAINT users_deleted_has_times CHECK (
    (status = 'deleted') = (deleted_at IS NOT NULL) AND (status = 'deleted') = (purge_at IS NOT NULL)
  )
);
CREATE INDEX users_purge ON users (purge_at) WHERE purge_at IS NOT NULL;

CREATE TABLE user_roles (
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  role    text NOT NULL CHECK (length(role) BETWEEN 1 AND 64),
  PRIMARY KEY (user_id, role)
);
CREATE INDEX user_roles_by_role ON user_roles (role, user_id);

-- A user with its roles as a JSON array, in one row.
CREATE VIEW accounts AS
SELECT users.*, CAST((
  SELECT coalesce(json_group_array(role), '[]') FROM (SELECT role FROM user_roles WHERE user_id = users.id ORDER BY role)
) AS text) AS roles
FROM users;

CREATE TABLE registrations (
  id            uuid NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  email         text NOT NULL CHECK (length(email) BETWEEN 3 AND 320),
  email_key     text NOT NULL CHECK (length(email_key) BETWEEN 3 AND 320),
  username      text CHECK (length(username) BETWEEN 1 AND 255),
  username_key  text CHECK (length(username_key) BETWEEN 1 AND 255),
  name          text NOT NULL CHECK (length(name) <= 400),
  bio           text NOT NULL CHECK (length(bio) <= 4000),
  image_url     text NOT NULL CHECK (length(image_url) <= 2048),
  locale        text NOT NULL CHECK (length(locale) <= 64),
  phone         text NOT NULL CHECK (length(phone) <= 32),
  password_hash text CHECK (password_hash LIKE '$_%$_%' AND length(password_hash) <= 1024),
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL CHECK (expires_at > created_at),
  CONSTRAINT registrations_username_has_key CHECK ((username IS NULL) = (username_key IS NULL))
);
CREATE INDEX registrations_by_email ON registrations (email_key, created_at DESC, id DESC);
CREATE INDEX registrations_expired ON registrations (expires_at);

-- What was committed and perhaps not yet announced to every replica.
CREATE TABLE journal (
  subject text NOT NULL CHECK (subject IN ('session', 'user')),
  id      uuid NOT NULL,
  rev     integer NOT NULL CHECK (rev >= 0),
  at      timestamptz NOT NULL,
  PRIMARY KEY (subject, id, rev)
);
CREATE INDEX journal_by_age ON journal (at, id, rev);
