-- name: UsePersonalToken :one
-- Gives a token that is good, and notes the use where the last one that was noted is not recent. A use that is being
-- noted by another request is not waited for.
WITH noted AS (
  UPDATE personal_tokens AS used SET last_used_at = @now::timestamptz
  WHERE used.id = (
    SELECT stale.id FROM personal_tokens AS stale
    WHERE stale.digest = @digest AND stale.expires_at > @now::timestamptz
      AND (stale.last_used_at IS NULL OR stale.last_used_at < @recent::timestamptz)
    FOR UPDATE SKIP LOCKED
  )
)
SELECT * FROM personal_tokens WHERE personal_tokens.digest = @digest AND personal_tokens.expires_at > @now::timestamptz;

-- name: UseServiceKey :one
-- Gives a key that is good, with its service account; see UsePersonalToken.
WITH noted AS (
  UPDATE service_account_keys AS used SET last_used_at = @now::timestamptz
  WHERE used.id = (
    SELECT stale.id FROM service_account_keys AS stale JOIN service_accounts AS holder ON holder.id = stale.service_account_id
    WHERE stale.digest = @digest AND (stale.expires_at IS NULL OR stale.expires_at > @now::timestamptz) AND NOT holder.disabled
      AND (stale.last_used_at IS NULL OR stale.last_used_at < @recent::timestamptz)
    FOR UPDATE OF stale SKIP LOCKED
  )
)
SELECT sqlc.embed(service_account_keys), sqlc.embed(service_accounts)
FROM service_account_keys JOIN service_accounts ON service_accounts.id = service_account_keys.service_account_id
WHERE service_account_keys.digest = @digest AND NOT service_accounts.disabled
  AND (service_account_keys.expires_at IS NULL OR service_account_keys.expires_at > @now::timestamptz);

-- name: LockServiceAccount :one
SELECT id FROM service_accounts WHERE id = @id FOR UPDATE;
