-- +goose Up

-- What lists of users walk by, with what their filters ask about in the indexes themselves: a walk that drops many rows
-- does not look each of them up in the table. They take the place of narrower ones, where those were made.
DROP INDEX IF EXISTS users_by_name;
CREATE INDEX users_listed_by_name ON users (name_key, id, created_at, status, country, source, email_verified, has_second_factor);
-- In lists by time a walk follows the index of the first of its filters (country, source, status, second factor, proof of
-- the mailbox), and asks for those behind it.
DROP INDEX IF EXISTS users_by_country;
CREATE INDEX users_listed_by_country ON users (country, created_at DESC, id DESC, source, status, has_second_factor, email_verified);
DROP INDEX IF EXISTS users_by_source;
CREATE INDEX users_listed_by_source ON users (source, created_at DESC, id DESC, status, has_second_factor, email_verified);
DROP INDEX IF EXISTS users_by_status;
CREATE INDEX users_listed_by_status ON users (status, created_at DESC, id DESC, has_second_factor, email_verified);
DROP INDEX IF EXISTS users_by_second_factor;
CREATE INDEX users_listed_by_second_factor ON users (has_second_factor, created_at DESC, id DESC, email_verified);
