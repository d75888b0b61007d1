-- name: SaveUser :one
WITH saved AS (
  UPDATE users SET
    email = @email, email_key = @email_key, email_verified = @email_verified, username = @username,
    username_key = @username_key, name = @name, bio = @bio, image_url = @image_url, locale = @locale,
    phone = @phone, status = @status, password_hash = @password_hash,
    password_changed_at = @password_changed_at, must_reset = @must_reset, updated_at = @updated_at,
    deleted_at = @deleted_at, purge_at = @purge_at, second_factor_required = @second_factor_required, enrol_by = @enrol_by,
    always_ask = @always_ask, muted_notices = @muted_notices, external_id = @external_id, country = @country,
    name_key = @name_key, theme = @theme, timezone = @timezone, visibility = @visibility, rev = users.rev + 1
  WHERE users.id = @id AND users.rev = @rev
  RETURNING users.id, users.rev
)
INSERT INTO journal (subject, id, rev, at) SELECT 'user', saved.id, saved.rev, @updated_at FROM saved
RETURNING journal.rev;

-- Every owner is locked, in one order, until the transaction ends: of two who leave at once one waits, and
-- then counts itself alone.
-- name: CountOwners :one
WITH owners AS (
  SELECT users.id FROM users JOIN user_roles ON user_roles.user_id = users.id
  WHERE user_roles.role = 'OWNER' AND users.status = 'active'
  ORDER BY users.id FOR UPDATE OF users, user_roles
)
SELECT count(*) FROM owners WHERE id <> @except_id::uuid;
