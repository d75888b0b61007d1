-- +goose NO TRANSACTION
-- +goose Up

-- What lists and searches of users walk by. Every statement can run again: outside a transaction a failure leaves
-- what was done before it.

-- A second factor is a filter of the list, and the order of the list stands where roles and groups are kept: an index
-- has no columns of two tables. Triggers keep both, so that releases before this one keep them too.
ALTER TABLE users ADD COLUMN IF NOT EXISTS has_second_factor boolean NOT NULL DEFAULT false;
ALTER TABLE user_roles ADD COLUMN IF NOT EXISTS user_created_at timestamptz;
ALTER TABLE user_groups ADD COLUMN IF NOT EXISTS user_created_at timestamptz;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION member_user_created_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT created_at INTO NEW.user_created_at FROM users WHERE id = NEW.user_id;
  RETURN NEW;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION user_has_second_factor() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  owner uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.user_id ELSE NEW.user_id END;
  has boolean := EXISTS (SELECT 1 FROM factors WHERE user_id = owner AND confirmed_at IS NOT NULL);
BEGIN
  UPDATE users SET has_second_factor = has WHERE id = owner AND has_second_factor <> has;
  RETURN NULL;
END
$$;
-- +goose StatementEnd
-- Releases before this one know no name_key. lower is as near to what this one writes as SQL comes: right for ASCII, and a
-- guess for all else. Whose key is a guess stands in unkeyed_names until a server of this release has made the right one.
-- It refers to no user, for a trigger writes it before there is one.
CREATE TABLE IF NOT EXISTS unkeyed_names (user_id uuid PRIMARY KEY);
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION name_key_is_guessed(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT octet_length(name) <> char_length(name) OR lower(name) <> lower(name COLLATE "C") OR name ~ '^\s|\s\s|\s$'
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION user_name_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name_key := lower(NEW.name);
  IF name_key_is_guessed(NEW.name) THEN
    INSERT INTO unkeyed_names (user_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
  END IF;
  RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE OR REPLACE TRIGGER users_name_key BEFORE INSERT ON users
  FOR EACH ROW WHEN (NEW.name_key = '' AND NEW.name <> '') EXECUTE FUNCTION user_name_key();
-- A key that stays while the name changes is that of a release before, or right: of a name that differs by its case alone.
CREATE OR REPLACE TRIGGER users_name_key_again BEFORE UPDATE OF name ON users
  FOR EACH ROW WHEN (NEW.name <> OLD.name AND NEW.name_key = OLD.name_key AND NEW.name_key <> lower(NEW.name))
  EXECUTE FUNCTION user_name_key();
CREATE OR REPLACE TRIGGER user_roles_user_created_at BEFORE INSERT ON user_roles
  FOR EACH ROW EXECUTE FUNCTION member_user_created_at();
CREATE OR REPLACE TRIGGER user_groups_user_created_at BEFORE INSERT ON user_groups
  FOR EACH ROW EXECUTE FUNCTION member_user_created_at();
CREATE OR REPLACE TRIGGER factors_user_has AFTER INSERT OR DELETE OR UPDATE OF confirmed_at ON factors
  FOR EACH ROW EXECUTE FUNCTION user_has_second_factor();

-- Five thousand users at a time, so that nobody who signs in waits for more than a moment.
-- +goose StatementBegin
DO $$
DECLARE
  past uuid := '00000000-0000-0000-0000-000000000000';
  batch uuid[];
BEGIN
  LOOP
    SELECT array_agg(id ORDER BY id) INTO batch FROM (SELECT id FROM users WHERE id > past ORDER BY id LIMIT 5000) AS next;
    EXIT WHEN batch IS NULL;
    WITH guessed AS (
      UPDATE users SET name_key = lower(name) WHERE id = ANY(batch) AND name_key = '' AND name <> '' RETURNING id, name
    )
    INSERT INTO unkeyed_names (user_id) SELECT id FROM guessed WHERE name_key_is_guessed(name) ON CONFLICT DO NOTHING;
    UPDATE users SET has_second_factor = true
    WHERE id = ANY(batch) AND NOT has_second_factor
      AND EXISTS (SELECT 1 FROM factors WHERE user_id = users.id AND confirmed_at IS NOT NULL);
    UPDATE user_roles SET user_created_at = users.created_at FROM users
    WHERE users.id = user_roles.user_id AND user_roles.user_id = ANY(batch) AND user_roles.user_created_at IS NULL;
    UPDATE user_groups SET user_created_at = users.created_at FROM users
    WHERE users.id = user_groups.user_id AND user_groups.user_id = ANY(batch) AND user_groups.user_created_at IS NULL;
    past := batch[array_upper(batch, 1)];
    COMMIT;
  END LOOP;
END
$$;
-- +goose StatementEnd

-- An index whose making was cut off stays behind, unused, and would be taken for one that stands.
-- +goose StatementBegin
DO $$
DECLARE
  broken record;
BEGIN
  FOR broken IN
    SELECT pg_class.relname FROM pg_index JOIN pg_class ON pg_class.oid = pg_index.indexrelid
    WHERE NOT pg_index.indisvalid
      AND pg_index.indrelid IN ('users'::regclass, 'user_roles'::regclass, 'user_groups'::regclass)
  LOOP
    EXECUTE format('DROP INDEX %I', broken.relname);
  END LOOP;
END
$$;
-- +goose StatementEnd

-- Making an index beside others' work waits for the transactions that have begun before it, and keeps nobody waiting:
-- the lock time-out would only cut it off.
SELECT set_config('doorward.lock_timeout', current_setting('lock_timeout'), false), set_config('lock_timeout', '0', false);

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_external_id_unique ON users (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_by_creation ON users (created_at DESC, id DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_by_verification ON users (email_verified, created_at DESC, id DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS user_roles_by_creation ON user_roles (role, user_created_at DESC, user_id DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS user_groups_by_creation ON user_groups (group_id, user_created_at DESC, user_id DESC);

-- The indexes of filters and of keys hold what other filters ask about: a walk that drops many rows reads an index page for
-- a hundred of them, and not a page of the table for each. All of these columns are in an index anyway, so that no write
-- changes more of them.
--
-- Keys are compared byte by byte, in the order of code points: what begins alike stands together.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_name ON users (name_key COLLATE "C", id)
  INCLUDE (created_at, status, country, source, email_verified, has_second_factor);
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_email ON users (email_key COLLATE "C", id)
  INCLUDE (created_at, status, country, source, email_verified, has_second_factor);
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_username ON users (username_key COLLATE "C", id)
  INCLUDE (created_at, status, country, source, email_verified, has_second_factor) WHERE username_key IS NOT NULL;
-- In lists by time a walk follows the index of the first of its filters (country, source, status, second factor, proof of
-- the mailbox), and asks for those behind it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_country ON users (country, created_at DESC, id DESC)
  INCLUDE (source, status, has_second_factor, email_verified);
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_source ON users (source, created_at DESC, id DESC)
  INCLUDE (status, has_second_factor, email_verified);
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_status ON users (status, created_at DESC, id DESC)
  INCLUDE (has_second_factor, email_verified);
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_second_factor ON users (has_second_factor, created_at DESC, id DESC)
  INCLUDE (email_verified);

SELECT set_config('lock_timeout', current_setting('doorward.lock_timeout'), false);
