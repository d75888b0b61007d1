-- name: FindPersonalToken :one
SELECT * FROM personal_tokens WHERE digest = @digest AND expires_at > @now;

-- name: NotePersonalToken :exec
UPDATE personal_tokens SET last_used_at = @now WHERE id = @id AND (last_used_at IS NULL OR last_used_at < @recent);

-- name: FindServiceKey :one
SELECT sqlc.embed(service_account_keys), sqlc.embed(service_accounts)
FROM service_account_keys JOIN service_accounts ON service_accounts.id = service_account_keys.service_account_id
WHERE service_account_keys.digest = @digest AND NOT service_accounts.disabled
  AND (service_account_keys.expires_at IS NULL OR service_account_keys.expires_at > @now);

-- name: NoteServiceKey :exec
UPDATE service_account_keys SET last_used_at = @now WHERE id = @id AND (last_used_at IS NULL OR last_used_at < @recent);
