-- +goose Up

-- First, so that nobody who reads the view waits for us while we wait for them.
DROP VIEW accounts;

-- What may be done. system rows are the product's own and stay as they are.
CREATE TABLE permissions (
  id          uuid PRIMARY KEY,
  key         text NOT NULL CHECK (char_length(key) BETWEEN 3 AND 128),
  description text NOT NULL CHECK (char_length(description) <= 500),
  category    text NOT NULL CHECK (char_length(category) BETWEEN 1 AND 64),
  system      boolean NOT NULL,
  created_at  timestamptz NOT NULL,
  CONSTRAINT permissions_key_unique UNIQUE (key)
);

-- OWNER has no rows in role_permissions: it holds every permission by what it is. second_factor_since is since when a
-- role demands a second factor, nothing where it does not.
CREATE TABLE roles (
  id                  uuid PRIMARY KEY,
  name                text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
  description         text NOT NULL CHECK (char_length(description) <= 500),
  system              boolean NOT NULL,
  second_factor_since timestamptz,
  created_at          timestamptz NOT NULL,
  updated_at          timestamptz NOT NULL,
  CONSTRAINT roles_name_unique UNIQUE (name)
);
CREATE TABLE role_permissions (
  role_id       uuid NOT NULL REFERENCES roles ON DELETE CASCADE,
  permission_id uuid NOT NULL REFERENCES permissions,
  PRIMARY KEY (role_id, permission_id)
);
CREATE INDEX role_permissions_by_permission ON role_permissions (permission_id);

CREATE TABLE access_groups (
  id          uuid PRIMARY KEY,
  name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
  description text NOT NULL CHECK (char_length(description) <= 500),
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  CONSTRAINT access_groups_name_unique UNIQUE (name)
);
CREATE TABLE group_permissions (
  group_id      uuid NOT NULL REFERENCES access_groups ON DELETE CASCADE,
  permission_id uuid NOT NULL REFERENCES permissions,
  PRIMARY KEY (group_id, permission_id)
);
CREATE INDEX group_permissions_by_permission ON group_permissions (permission_id);

-- assigned_by is nobody's where the server itself or an operator did it.
CREATE TABLE user_groups (
  user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  group_id    uuid NOT NULL REFERENCES access_groups,
  assigned_by uuid,
  assigned_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, group_id)
);
CREATE INDEX user_groups_by_group ON user_groups (group_id, user_id);

-- The one row says how often the roles, groups and permissions have changed. Whoever changes what somebody may do
-- locks it: such acts come one after another.
CREATE TABLE catalogue (
  id  integer PRIMARY KEY CHECK (id = 1),
  rev bigint NOT NULL CHECK (rev >= 0)
);
INSERT INTO catalogue (id, rev) VALUES (1, 1);

INSERT INTO permissions (id, key, description, category, system, created_at) VALUES
  ('00000000-0000-7000-8000-000000000101', 'me.read', 'See the own account', 'self', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000102', 'me.write', 'Change the own account', 'self', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000103', 'users.read', 'See all users', 'users', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000104', 'users.write', 'Create users and change their profiles', 'users', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000105', 'users.delete', 'Delete users and bring them back within their grace', 'users', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000106', 'users.suspend', 'Suspend users and restore them', 'users', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000107', 'users.secure', 'Unlock users, force a reset, demand or remove second factors', 'users', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000108', 'users.impersonate', 'See what a user sees, for a bounded time', 'users', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000109', 'users.import', 'Import users with their password hashes', 'users', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-00000000010a', 'users.export', 'Export all users', 'users', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-00000000010b', 'users.export_hashes', 'Export password hashes with the users', 'users', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-00000000010c', 'sessions.read', 'See the sessions of all users', 'sessions', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-00000000010d', 'sessions.revoke', 'End the sessions of all users', 'sessions', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-00000000010e', 'access.read', 'See roles, groups and permissions, and who has them', 'access', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-00000000010f', 'access.write', 'Change roles, groups and permissions, and who has them', 'access', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000110', 'service_accounts.read', 'See service accounts and their keys', 'access', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000111', 'service_accounts.write', 'Change service accounts and make keys for them', 'access', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000112', 'tokens.introspect', 'Ask whether a token is good (RFC 7662)', 'access', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000113', 'audit.read', 'Read the audit log and all tries to sign in', 'audit', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000114', 'audit.write', 'Write events of applications into the audit log', 'audit', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000115', 'dashboard.read', 'See the figures of the deployment, and the newest sign-ins without whose they were', 'operations', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000116', 'mail.read', 'See mails that could not be delivered', 'operations', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000117', 'mail.retry', 'Send such mails again', 'operations', true, '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000118', 'health.read', 'See the health of this server in detail', 'operations', true, '1970-01-01T00:00:00Z');

INSERT INTO roles (id, name, description, system, created_at, updated_at) VALUES
  ('00000000-0000-7000-8000-000000000001', 'OWNER', 'Holds every permission there is, and every one there will be', true, '1970-01-01T00:00:00Z', '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000002', 'ADMIN', 'Administers users, and what they may do', true, '1970-01-01T00:00:00Z', '1970-01-01T00:00:00Z'),
  ('00000000-0000-7000-8000-000000000003', 'USER', 'What everybody has who opens an account', true, '1970-01-01T00:00:00Z', '1970-01-01T00:00:00Z');

INSERT INTO role_permissions (role_id, permission_id)
SELECT '00000000-0000-7000-8000-000000000002'::uuid, id FROM permissions
WHERE category <> 'self' AND key NOT IN ('users.impersonate', 'users.export_hashes');

ALTER TABLE user_roles ADD COLUMN assigned_by uuid;
ALTER TABLE user_roles ADD COLUMN assigned_at timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z';
ALTER TABLE user_roles ADD CONSTRAINT user_roles_role_fkey FOREIGN KEY (role) REFERENCES roles (name) NOT VALID;

ALTER TABLE journal DROP CONSTRAINT journal_subject_check;
ALTER TABLE journal ADD CONSTRAINT journal_subject_check CHECK (subject IN ('session', 'user', 'access')) NOT VALID;

-- source is how the account came to be, external_id its id in another system; name_key is the name as it is searched.
ALTER TABLE users ADD COLUMN source text NOT NULL DEFAULT 'registered';
ALTER TABLE users ADD CONSTRAINT users_source_check
  CHECK (source IN ('registered', 'invited', 'created', 'imported', 'seeded')) NOT VALID;
ALTER TABLE users ADD COLUMN external_id text;
ALTER TABLE users ADD CONSTRAINT users_external_id_check CHECK (char_length(external_id) BETWEEN 1 AND 255) NOT VALID;
ALTER TABLE users ADD COLUMN country text NOT NULL DEFAULT '';
ALTER TABLE users ADD CONSTRAINT users_country_check CHECK (char_length(country) IN (0, 2)) NOT VALID;
ALTER TABLE users ADD COLUMN name_key text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN theme text NOT NULL DEFAULT '';
ALTER TABLE users ADD CONSTRAINT users_theme_check CHECK (theme IN ('', 'light', 'dark', 'system')) NOT VALID;
ALTER TABLE users ADD COLUMN timezone text NOT NULL DEFAULT '';
ALTER TABLE users ADD CONSTRAINT users_timezone_check CHECK (char_length(timezone) <= 64) NOT VALID;
ALTER TABLE users ADD COLUMN visibility text NOT NULL DEFAULT 'private';
ALTER TABLE users ADD CONSTRAINT users_visibility_check CHECK (visibility IN ('public', 'members', 'private')) NOT VALID;

-- A user with its roles, its groups and the kinds of its confirmed second factors, in one row.
CREATE VIEW accounts AS
SELECT users.*,
  ARRAY(SELECT role FROM user_roles WHERE user_id = users.id ORDER BY role COLLATE "C")::text[] AS roles,
  ARRAY(SELECT DISTINCT kind FROM factors WHERE user_id = users.id AND confirmed_at IS NOT NULL ORDER BY kind)::text[] AS second_factors,
  ARRAY(SELECT group_id FROM user_groups WHERE user_id = users.id ORDER BY group_id)::uuid[] AS group_ids
FROM users;
