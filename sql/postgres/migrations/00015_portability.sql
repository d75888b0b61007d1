-- +goose NO TRANSACTION
-- +goose Up

-- What an import left of an account that it made: digests of its line and of the hash in it, when the password was set,
-- the address, and the external id; and whether no import changes any more what the account signs in with. The next
-- import knows by it what the owner has done since.
CREATE TABLE IF NOT EXISTS imported_users (
  user_id         uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  line_digest     bytea NOT NULL CHECK (length(line_digest) = 32),
  password_digest bytea CHECK (length(password_digest) = 32),
  password_at     timestamptz,
  email_key       text NOT NULL,
  email_verified  boolean NOT NULL,
  external_id     text NOT NULL,
  severed         boolean NOT NULL
);

-- An index whose making was cut off stays behind, unused, and would be taken for one that stands; see 00012_user_lists.sql.
-- +goose StatementBegin
DO $$
DECLARE
  broken regclass;
BEGIN
  FOR broken IN SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'outbox'::regclass AND NOT indisvalid LOOP
    EXECUTE 'DROP INDEX ' || broken;
  END LOOP;
END
$$;
-- +goose StatementEnd
SELECT set_config('doorward.lock_timeout', current_setting('lock_timeout'), false), set_config('lock_timeout', '0', false);

-- Mails to a person, for those who ask what is held about them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS outbox_by_recipient ON outbox (recipient, id);

SELECT set_config('lock_timeout', current_setting('doorward.lock_timeout'), false);
