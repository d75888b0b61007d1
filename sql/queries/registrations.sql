-- name: InsertRegistration :exec
INSERT INTO registrations (
  id, email, email_key, username, username_key, name, bio, image_url, locale, phone,
  password_hash, created_at, expires_at
) VALUES (
  @id, @email, @email_key, @username, @username_key, @name, @bio, @image_url, @locale, @phone,
  @password_hash, @created_at, @expires_at
);

-- name: FindRegistration :one
SELECT * FROM registrations WHERE id = @id AND expires_at > @now;

-- name: RegistrationsByEmail :many
SELECT * FROM registrations WHERE email_key = @email_key AND expires_at > @now
ORDER BY created_at DESC, id DESC LIMIT 10;

-- name: SettleRegistrations :exec
DELETE FROM registrations WHERE email_key = @email_key;
