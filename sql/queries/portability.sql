-- name: InsertImported :exec
INSERT INTO imported_users (user_id, line_digest, password_digest, password_at, email_key, email_verified)
VALUES (@user_id, @line_digest, @password_digest, @password_at, @email_key, @email_verified);

-- name: UpdateImported :execrows
UPDATE imported_users SET line_digest = @line_digest, password_digest = @password_digest, password_at = @password_at,
  email_key = @email_key, email_verified = @email_verified
WHERE user_id = @user_id;
