-- +goose Up

-- What an import left of an account that it made: digests of its line and of the hash in it, when the password was set,
-- the address, and the external id; and whether no import changes any more what the account signs in with. The next
-- import knows by it what the owner has done since.
CREATE TABLE imported_users (
  user_id         uuid NOT NULL PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  line_digest     blob NOT NULL CHECK (length(line_digest) = 32),
  password_digest blob CHECK (length(password_digest) = 32),
  password_at     timestamptz,
  email_key       text NOT NULL,
  email_verified  boolean NOT NULL CHECK (email_verified IN (0, 1)),
  external_id     text NOT NULL,
  severed         boolean NOT NULL CHECK (severed IN (0, 1))
);

-- Mails to a person, for those who ask what is held about them.
CREATE INDEX outbox_by_recipient ON outbox (recipient, id);
