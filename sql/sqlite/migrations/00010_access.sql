-- +goose Up

-- What may be done. system rows are the product's own and stay as they are.
CREATE TABLE permissions (
  id          uuid NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  key         text NOT NULL CHECK (length(key) BETWEEN 3 AND 128),
  description text NOT NULL CHECK (length(description) <= 500),
  category    text NOT NULL CHECK (length(category) BETWEEN 1 AND 64),
  system      boolean NOT NULL CHECK (system IN (0, 1)),
  created_at  timestamptz NOT NULL,
  CONSTRAINT permissions_key_unique UNIQUE (key)
);

-- OWNER has no rows in role_permissions: it holds every permission by what it is. second_factor_since is since when a
-- role demands a second factor, nothing where it does not.
CREATE TABLE roles (
  id                  uuid NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  name                text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  description         text NOT NULL CHECK (length(description) <= 500),
  system              boolean NOT NULL CHECK (system IN (0, 1)),
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
  id          uuid NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  description text NOT NULL CHECK (length(description) <= 500),
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
  id  integer NOT NULL PRIMARY KEY CHECK (id = 1),
  rev integer NOT NULL CHECK (rev >= 0)
);
INSERT INTO catalogue (id, rev) VALUES (1, 1);

INSERT INTO permissions (id, key, description, category, system, created_at) VALUES
  (X'00000000000070008000000000000101', 'me.read', 'See the own account', 'self', 1, 0),
  (X'00000000000070008000000000000102', 'me.write', 'Change the own account', 'self', 1, 0),
  (X'00000000000070008000000000000103', 'users.read', 'See all users', 'users', 1, 0),
  (X'00000000000070008000000000000104', 'users.write', 'Create users and change their profiles', 'users', 1, 0),
  (X'00000000000070008000000000000105', 'users.delete', 'Delete users and bring them back within their grace', 'users', 1, 0),
  (X'00000000000070008000000000000106', 'users.suspend', 'Suspend users and restore them', 'users', 1, 0),
  (X'00000000000070008000000000000107', 'users.secure', 'Unlock users, force a reset, demand or remove second factors', 'users', 1, 0),
  (X'00000000000070008000000000000108', 'users.impersonate', 'See what a user sees, for a bounded time', 'users', 1, 0),
  (X'00000000000070008000000000000109', 'users.import', 'Import users with their password hashes', 'users', 1, 0),
  (X'0000000000007000800000000000010A', 'users.export', 'Export all users', 'users', 1, 0),
  (X'0000000000007000800000000000010B', 'users.export_hashes', 'Export password hashes with the users', 'users', 1, 0),
  (X'0000000000007000800000000000010C', 'sessions.read', 'See the sessions of all users', 'sessions', 1, 0),
  (X'0000000000007000800000000000010D', 'sessions.revoke', 'End the sessions of all users', 'sessions', 1, 0),
  (X'0000000000007000800000000000010E', 'access.read', 'See roles, groups and permissions, and who has them', 'access', 1, 0),
  (X'0000000000007000800000000000010F', 'access.write', 'Change roles, groups and permissions, and who has them', 'access', 1, 0),
  (X'00000000000070008000000000000110', 'service_accounts.read', 'See service accounts and their keys', 'access', 1, 0),
  (X'00000000000070008000000000000111', 'service_accounts.write', 'Change service accounts and make keys for them', 'access', 1, 0),
  (X'00000000000070008000000000000112', 'tokens.introspect', 'Ask whether a token is good (RFC 7662)', 'access', 1, 0),
  (X'00000000000070008000000000000113', 'audit.read', 'Read the audit log and all tries to sign in', 'audit', 1, 0),
  (X'00000000000070008000000000000114', 'audit.write', 'Write events of applications into the audit log', 'audit', 1, 0),
  (X'00000000000070008000000000000115', 'dashboard.read', 'See the figures of the deployment, and the newest sign-ins without whose they were', 'operations', 1, 0),
  (X'00000000000070008000000000000116', 'mail.read', 'See mails that could not be delivered', 'operations', 1, 0),
  (X'00000000000070008000000000000117', 'mail.retry', 'Send such mails again', 'operations', 1, 0),
  (X'00000000000070008000000000000118', 'health.read', 'See the health of this server in detail', 'operations', 1, 0);

INSERT INTO roles (id, name, description, system, created_at, updated_at) VALUES
  (X'00000000000070008000000000000001', 'OWNER', 'Holds every permission there is, and every one there will be', 1, 0, 0),
  (X'00000000000070008000000000000002', 'ADMIN', 'Administers users, and what they may do', 1, 0, 0),
  (X'00000000000070008000000000000003', 'USER', 'What everybody has who opens an account', 1, 0, 0);

INSERT INTO role_permissions (role_id, permission_id)
SELECT X'00000000000070008000000000000002', id FROM permissions
WHERE category <> 'self' AND key NOT IN ('users.impersonate', 'users.export_hashes');

-- The table is made anew, as SQLite adds no reference to one that stands.
DROP VIEW accounts;
ALTER TABLE user_roles RENAME TO user_roles_before;
CREATE TABLE user_roles (
  user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  role        text NOT NULL CHECK (length(role) BETWEEN 1 AND 64) REFERENCES roles (name),
  assigned_by uuid,
  assigned_at timestamptz NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, role)
);
INSERT INTO user_roles (user_id, role) SELECT user_id, role FROM user_roles_before;
DROP TABLE user_roles_before;
CREATE INDEX user_roles_by_role ON user_roles (role, user_id);

ALTER TABLE journal RENAME TO journal_before;
CREATE TABLE journal (
  subject text NOT NULL CHECK (subject IN ('session', 'user', 'access')),
  id      uuid NOT NULL,
  rev     integer NOT NULL CHECK (rev >= 0),
  at      timestamptz NOT NULL,
  PRIMARY KEY (subject, id, rev)
);
INSERT INTO journal SELECT * FROM journal_before;
DROP TABLE journal_before;
CREATE INDEX journal_by_age ON journal (at, id, rev);

-- source is how the account came to be, external_id its id in another system; name_key is the name as it is searched.
ALTER TABLE users ADD COLUMN source text NOT NULL DEFAULT 'registered'
  CHECK (source IN ('registered', 'invited', 'created', 'imported', 'seeded'));
ALTER TABLE users ADD COLUMN external_id text CHECK (length(external_id) BETWEEN 1 AND 255);
ALTER TABLE users ADD COLUMN country text NOT NULL DEFAULT '' CHECK (length(country) IN (0, 2));
ALTER TABLE users ADD COLUMN name_key text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN theme text NOT NULL DEFAULT '' CHECK (theme IN ('', 'light', 'dark', 'system'));
ALTER TABLE users ADD COLUMN timezone text NOT NULL DEFAULT '' CHECK (length(timezone) <= 64);
ALTER TABLE users ADD COLUMN visibility text NOT NULL DEFAULT 'private' CHECK (visibility IN ('public', 'members', 'private'));
CREATE UNIQUE INDEX users_external_id_unique ON users (external_id) WHERE external_id IS NOT NULL;

-- A user with its roles, its groups and the kinds of its confirmed second factors, as JSON arrays, in one row.
CREATE VIEW accounts AS
SELECT users.*, CAST((
  SELECT coalesce(json_group_array(role), '[]') FROM (SELECT role FROM user_roles WHERE user_id = users.id ORDER BY role)
) AS text) AS roles, CAST((
  SELECT coalesce(json_group_array(kind), '[]')
  FROM (SELECT DISTINCT kind FROM factors WHERE user_id = users.id AND confirmed_at IS NOT NULL ORDER BY kind)
) AS text) AS second_factors, CAST((
  SELECT coalesce(json_group_array(hex(group_id)), '[]')
  FROM (SELECT group_id FROM user_groups WHERE user_id = users.id ORDER BY group_id)
) AS text) AS group_ids
FROM users;
