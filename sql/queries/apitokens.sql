-- name: InsertPersonalToken :exec
INSERT INTO personal_tokens (id, user_id, name, digest, hint, scopes, created_at, expires_at, last_used_at)
VALUES (@id, @user_id, @name, @digest, @hint, @scopes, @created_at, @expires_at, @last_used_at);

-- name: CountPersonalTokens :one
SELECT count(*) FROM personal_tokens WHERE user_id = @user_id AND expires_at > @now;

-- name: ListPersonalTokens :many
SELECT * FROM personal_tokens WHERE user_id = @user_id AND expires_at > @now
ORDER BY created_at DESC, id DESC LIMIT @page_limit;

-- name: ListPersonalTokensAfter :many
SELECT * FROM personal_tokens WHERE user_id = @user_id AND expires_at > @now
  AND (created_at < @after_at OR (created_at = @after_at AND id < @after_id))
ORDER BY created_at DESC, id DESC LIMIT @page_limit;

-- name: HasPersonalToken :one
SELECT count(*) FROM personal_tokens WHERE id = @id AND user_id = @user_id AND expires_at > @now;

-- name: DeletePersonalToken :execrows
DELETE FROM personal_tokens WHERE id = @id AND user_id = @user_id;

-- name: DeletePersonalTokens :exec
DELETE FROM personal_tokens WHERE user_id = @user_id;

-- name: InsertServiceAccount :exec
INSERT INTO service_accounts (id, name, description, scopes, disabled, created_by, created_at, updated_at)
VALUES (@id, @name, @description, @scopes, @disabled, @created_by, @created_at, @updated_at);

-- name: CountServiceAccounts :one
SELECT count(*) FROM service_accounts;

-- name: FindServiceAccount :one
SELECT * FROM service_accounts WHERE id = @id;

-- name: ListServiceAccounts :many
SELECT * FROM service_accounts ORDER BY created_at DESC, id DESC LIMIT @page_limit;

-- name: ListServiceAccountsAfter :many
SELECT * FROM service_accounts
WHERE created_at < @after_at OR (created_at = @after_at AND id < @after_id)
ORDER BY created_at DESC, id DESC LIMIT @page_limit;

-- name: UpdateServiceAccount :execrows
UPDATE service_accounts SET
  name = @name, description = @description, scopes = @scopes, disabled = @disabled, updated_at = @updated_at
WHERE id = @id;

-- name: DeleteServiceAccount :execrows
DELETE FROM service_accounts WHERE id = @id;

-- name: InsertServiceKey :exec
INSERT INTO service_account_keys (id, service_account_id, digest, hint, created_at, expires_at, last_used_at)
VALUES (@id, @service_account_id, @digest, @hint, @created_at, @expires_at, @last_used_at);

-- name: CountServiceKeys :one
SELECT count(*) FROM service_account_keys
WHERE service_account_id = @service_account_id AND (expires_at IS NULL OR expires_at > @now);

-- name: ListServiceKeys :many
SELECT * FROM service_account_keys
WHERE service_account_id = @service_account_id AND (expires_at IS NULL OR expires_at > @now)
ORDER BY created_at DESC, id DESC;

-- name: HasServiceKey :one
SELECT count(*) FROM service_account_keys
WHERE id = @id AND service_account_id = @service_account_id AND (expires_at IS NULL OR expires_at > @now);

-- name: DeleteServiceKey :execrows
DELETE FROM service_account_keys WHERE id = @id AND service_account_id = @service_account_id;
