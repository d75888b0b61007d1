-- name: InsertUser :exec
INSERT INTO users (
  id, email, email_key, email_verified, username, username_key, name, bio, image_url, locale, phone,
  status, password_hash, password_changed_at, must_reset, created_at, updated_at, deleted_at, purge_at,
  second_factor_required, enrol_by, always_ask, muted_notices, rev,
  source, external_id, country, name_key, theme, timezone, visibility
) VALUES (
  @id, @email, @email_key, @email_verified, @username, @username_key, @name, @bio, @image_url, @locale, @phone,
  @status, @password_hash, @password_changed_at, @must_reset, @created_at, @updated_at, @deleted_at, @purge_at,
  @second_factor_required, @enrol_by, @always_ask, @muted_notices, @rev,
  @source, @external_id, @country, @name_key, @theme, @timezone, @visibility
);

-- name: InsertRole :exec
INSERT INTO user_roles (user_id, role, assigned_by, assigned_at) VALUES (@user_id, @role, @assigned_by, @assigned_at);

-- name: InsertGroupMember :exec
INSERT INTO user_groups (user_id, group_id, assigned_by, assigned_at)
VALUES (@user_id, @group_id, @assigned_by, @assigned_at);

-- name: FindAccount :one
SELECT * FROM accounts WHERE id = @id;

-- name: FindAccountByEmail :one
SELECT * FROM accounts WHERE email_key = @email_key;

-- name: FindAccountByUsername :one
SELECT * FROM accounts WHERE username_key = @username_key;

-- name: Rehash :exec
UPDATE users SET password_hash = @fresh WHERE id = @id AND password_hash = @old;

-- name: UsernameTaken :one
SELECT count(*) FROM users WHERE username_key = @username_key;
