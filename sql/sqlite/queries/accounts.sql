-- name: SaveUser :one
UPDATE users SET
  email = @email, email_key = @email_key, email_verified = @email_verified, username = @username,
  username_key = @username_key, name = @name, bio = @bio, image_url = @image_url, locale = @locale,
  phone = @phone, status = @status, password_hash = @password_hash,
  password_changed_at = @password_changed_at, must_reset = @must_reset, updated_at = @updated_at,
  deleted_at = @deleted_at, purge_at = @purge_at, second_factor_required = @second_factor_required, enrol_by = @enrol_by,
    always_ask = @always_ask, muted_notices = @muted_notices, external_id = @external_id, country = @country,
    name_key = @name_key, theme = @theme, timezone = @timezone, visibility = @visibility, rev = rev + 1
WHERE id = @id AND rev = @rev
RETURNING rev;

-- name: InsertChange :exec
INSERT INTO journal (subject, id, rev, at) VALUES (@subject, @id, @rev, @at);

-- name: CountOwners :one
SELECT count(*) FROM user_roles JOIN users ON users.id = user_roles.user_id
WHERE user_roles.role = 'OWNER' AND users.status = 'active' AND users.id <> @except_id;
