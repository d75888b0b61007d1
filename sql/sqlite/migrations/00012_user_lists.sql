-- +goose Up

-- What lists and searches of users walk by; email_key and username_key have their unique indexes.

-- A second factor is a filter of the list, and the order of the list stands where roles and groups are kept: an index
-- has no columns of two tables. Triggers keep both.
ALTER TABLE users ADD COLUMN has_second_factor boolean NOT NULL DEFAULT 0 CHECK (has_second_factor IN (0, 1));
ALTER TABLE user_roles ADD COLUMN user_created_at timestamptz;
ALTER TABLE user_groups ADD COLUMN user_created_at timestamptz;

-- +goose StatementBegin
CREATE TRIGGER user_roles_user_created_at AFTER INSERT ON user_roles BEGIN
  UPDATE user_roles SET user_created_at = (SELECT created_at FROM users WHERE id = NEW.user_id) WHERE rowid = NEW.rowid;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER user_groups_user_created_at AFTER INSERT ON user_groups BEGIN
  UPDATE user_groups SET user_created_at = (SELECT created_at FROM users WHERE id = NEW.user_id) WHERE rowid = NEW.rowid;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER factors_user_has_more AFTER INSERT ON factors WHEN NEW.confirmed_at IS NOT NULL BEGIN
  UPDATE users SET has_second_factor = 1 WHERE id = NEW.user_id AND has_second_factor = 0;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER factors_user_has_changed AFTER UPDATE OF confirmed_at ON factors BEGIN
  UPDATE users SET has_second_factor = EXISTS (SELECT 1 FROM factors WHERE user_id = NEW.user_id AND confirmed_at IS NOT NULL)
  WHERE id = NEW.user_id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER factors_user_has_less AFTER DELETE ON factors BEGIN
  UPDATE users SET has_second_factor = EXISTS (SELECT 1 FROM factors WHERE user_id = OLD.user_id AND confirmed_at IS NOT NULL)
  WHERE id = OLD.user_id;
END;
-- +goose StatementEnd

-- By a function of the server's own: case is more than lower knows.
UPDATE users SET name_key = name_key(name) WHERE name_key = '';
UPDATE users SET has_second_factor = 1 WHERE id IN (SELECT user_id FROM factors WHERE confirmed_at IS NOT NULL);
UPDATE user_roles SET user_created_at = (SELECT created_at FROM users WHERE id = user_roles.user_id);
UPDATE user_groups SET user_created_at = (SELECT created_at FROM users WHERE id = user_groups.user_id);

CREATE INDEX users_by_creation ON users (created_at DESC, id DESC);
CREATE INDEX users_by_verification ON users (email_verified, created_at DESC, id DESC);
CREATE INDEX user_roles_by_creation ON user_roles (role, user_created_at DESC, user_id DESC);
CREATE INDEX user_groups_by_creation ON user_groups (group_id, user_created_at DESC, user_id DESC);
-- The indexes of filters and of names hold what other filters ask about: a walk that drops many rows does not look each of
-- them up in the table.
CREATE INDEX users_listed_by_name ON users (name_key, id, created_at, status, country, source, email_verified, has_second_factor);
-- In lists by time a walk follows the index of the first of its filters (country, source, status, second factor, proof of
-- the mailbox), and asks for those behind it.
CREATE INDEX users_listed_by_country ON users (country, created_at DESC, id DESC, source, status, has_second_factor, email_verified);
CREATE INDEX users_listed_by_source ON users (source, created_at DESC, id DESC, status, has_second_factor, email_verified);
CREATE INDEX users_listed_by_status ON users (status, created_at DESC, id DESC, has_second_factor, email_verified);
CREATE INDEX users_listed_by_second_factor ON users (has_second_factor, created_at DESC, id DESC, email_verified);
