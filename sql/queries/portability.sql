-- name: InsertImported :exec
INSERT INTO imported_users (user_id, line_digest, password_digest, password_at, email_key, email_verified, external_id, severed)
VALUES (@user_id, @line_digest, @password_digest, @password_at, @email_key, @email_verified, @external_id, @severed);

-- name: SeverImported :exec
UPDATE imported_users SET severed = TRUE WHERE user_id = @user_id AND NOT severed;

-- name: UpdateImported :execrows
UPDATE imported_users SET line_digest = @line_digest, password_digest = @password_digest, password_at = @password_at,
  email_key = @email_key, email_verified = @email_verified, severed = @severed
WHERE user_id = @user_id;
