-- name: AccountsByExternalID :many
SELECT * FROM accounts WHERE external_id IN (sqlc.slice('external_ids'));

-- name: ImportedByExternalID :many
SELECT imported_users.* FROM imported_users JOIN users ON users.id = imported_users.user_id AND users.external_id = imported_users.external_id
WHERE users.external_id IN (sqlc.slice('external_ids'));

-- name: UsersByEmailKey :many
SELECT id, email_key FROM users WHERE email_key IN (sqlc.slice('email_keys'));

-- name: UsersByUsernameKey :many
SELECT id, username_key FROM users WHERE username_key IN (sqlc.slice('username_keys'));

-- The roles alone of what hangs on an account are looked up: a view gives what is asked of it. coalesce keeps the
-- planner from the index on status, which would have every page sort all accounts.
-- name: ExportPage :many
SELECT id, external_id, email, username, phone, name, email_verified, password_hash, must_reset, created_at, roles
FROM accounts WHERE id > @after_id AND coalesce(status, '') IN ('active', 'deactivated') ORDER BY id LIMIT @page_limit;
