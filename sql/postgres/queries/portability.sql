-- name: AccountsByExternalID :many
SELECT * FROM accounts WHERE external_id = ANY(@external_ids::text[]);

-- name: ImportedByExternalID :many
SELECT imported_users.* FROM imported_users JOIN users ON users.id = imported_users.user_id AND users.external_id = imported_users.external_id
WHERE users.external_id = ANY(@external_ids::text[]);

-- name: UsersByEmailKey :many
SELECT id, email_key FROM users WHERE email_key = ANY(@email_keys::text[]);

-- name: UsersByUsernameKey :many
SELECT id, username_key FROM users WHERE username_key = ANY(@username_keys::text[]);

-- The roles alone of what hangs on an account are looked up: a view gives what is asked of it.
-- name: ExportPage :many
SELECT id, external_id, email, username, phone, name, email_verified, password_hash, must_reset, created_at, roles
FROM accounts WHERE id > @after_id AND status IN ('active', 'deactivated') ORDER BY id LIMIT @page_limit::integer;
