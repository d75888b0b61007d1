-- +goose Up

-- In a transaction of its own, so that people sign in while it reads the users.
ALTER TABLE users VALIDATE CONSTRAINT users_muted_notices_check;
