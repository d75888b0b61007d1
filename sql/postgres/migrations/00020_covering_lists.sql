-- +goose NO TRANSACTION
-- +goose Up

-- What lists and searches of users walk by, with what their filters ask about in the indexes themselves: a walk that drops
-- many rows reads an index page for a hundred of them, and not a page of the table for each. All of these columns are in
-- an index anyway, so that no write changes more of them. They take the place of narrower ones, where those were made.
-- Every statement can run again; see 00012_user_lists.sql.

-- +goose StatementBegin
DO $$
DECLARE
  broken record;
BEGIN
  FOR broken IN
    SELECT pg_class.relname FROM pg_index JOIN pg_class ON pg_class.oid = pg_index.indexrelid
    WHERE NOT pg_index.indisvalid AND pg_index.indrelid = 'users'::regclass
  LOOP
    EXECUTE format('DROP INDEX %I', broken.relname);
  END LOOP;
END
$$;
-- +goose StatementEnd

SELECT set_config('doorward.lock_timeout', current_setting('lock_timeout'), false), set_config('lock_timeout', '0', false);

-- Keys are compared byte by byte, in the order of code points: what begins alike stands together.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_name ON users (name_key COLLATE "C", id)
  INCLUDE (created_at, status, country, source, email_verified, has_second_factor);
DROP INDEX CONCURRENTLY IF EXISTS users_by_name;

CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_email ON users (email_key COLLATE "C", id)
  INCLUDE (created_at, status, country, source, email_verified, has_second_factor);
DROP INDEX CONCURRENTLY IF EXISTS users_by_email;

CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_username ON users (username_key COLLATE "C", id)
  INCLUDE (created_at, status, country, source, email_verified, has_second_factor) WHERE username_key IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS users_by_username;

-- In lists by time a walk follows the index of the first of its filters (country, source, status, second factor, proof of
-- the mailbox), and asks for those behind it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_country ON users (country, created_at DESC, id DESC)
  INCLUDE (source, status, has_second_factor, email_verified);
DROP INDEX CONCURRENTLY IF EXISTS users_by_country;

CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_source ON users (source, created_at DESC, id DESC)
  INCLUDE (status, has_second_factor, email_verified);
DROP INDEX CONCURRENTLY IF EXISTS users_by_source;

CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_status ON users (status, created_at DESC, id DESC)
  INCLUDE (has_second_factor, email_verified);
DROP INDEX CONCURRENTLY IF EXISTS users_by_status;

CREATE INDEX CONCURRENTLY IF NOT EXISTS users_listed_by_second_factor ON users (has_second_factor, created_at DESC, id DESC)
  INCLUDE (email_verified);
DROP INDEX CONCURRENTLY IF EXISTS users_by_second_factor;

SELECT set_config('lock_timeout', current_setting('doorward.lock_timeout'), false);
