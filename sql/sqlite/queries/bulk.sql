-- name: AddUser :execrows
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
) ON CONFLICT DO NOTHING;

-- name: CountUser :one
SELECT count(*) FROM users WHERE id = @id;

-- name: AddSession :exec
INSERT INTO sessions (
  id, user_id, user_agent, device_kind, browser, os, ip, location, factors, auth_time, created_at,
  last_used_at, idle_expires_at, expires_at, ended_at, end_reason, generation, nonce, branches, rotated_at,
  used_nonce, used_branch, rev
) VALUES (
  @id, @user_id, @user_agent, @device_kind, @browser, @os, @ip, @location, @factors, @auth_time, @created_at,
  @last_used_at, @idle_expires_at, @expires_at, @ended_at, @end_reason, @generation, @nonce, @branches, @rotated_at,
  @used_nonce, @used_branch, @rev
) ON CONFLICT DO NOTHING;

-- name: AddGroupMember :exec
INSERT INTO user_groups (user_id, group_id, assigned_by, assigned_at)
VALUES (@user_id, @group_id, @assigned_by, @assigned_at) ON CONFLICT DO NOTHING;

-- name: AddDevice :exec
INSERT INTO devices (
  id, user_id, digest, user_agent, kind, browser, os, ip, location, created_at, last_used_at, expires_at, trusted_until
) VALUES (
  @id, @user_id, @digest, @user_agent, @kind, @browser, @os, @ip, @location, @created_at, @last_used_at, @expires_at, @trusted_until
) ON CONFLICT DO NOTHING;

-- name: AddFactor :exec
INSERT INTO factors (id, user_id, kind, label, sealed, last_step, created_at, confirmed_at, last_used_at)
VALUES (@id, @user_id, @kind, @label, @sealed, @last_step, @created_at, @confirmed_at, @last_used_at)
ON CONFLICT DO NOTHING;

-- name: CountEvent :one
-- The log refuses to have an event put in the place of another, so that it is asked first.
SELECT count(*) FROM audit_log WHERE id = @id;
