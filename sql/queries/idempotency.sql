-- name: TakeKey :execrows
INSERT INTO idempotency_keys AS held (digest, run, fingerprint, created_at, leased_until, expires_at)
VALUES (@digest, @run, @fingerprint, @created_at, @leased_until, @expires_at)
ON CONFLICT (digest) DO UPDATE SET
  run = excluded.run, fingerprint = excluded.fingerprint, created_at = excluded.created_at,
  leased_until = excluded.leased_until, finished_at = NULL, reply = NULL, expires_at = excluded.expires_at
WHERE held.expires_at <= excluded.created_at OR (held.finished_at IS NULL AND held.leased_until <= excluded.created_at);

-- name: HeldKey :one
SELECT * FROM idempotency_keys WHERE digest = @digest;

-- name: FinishKey :execrows
UPDATE idempotency_keys SET finished_at = @finished_at, reply = @reply
WHERE digest = @digest AND run = @run AND finished_at IS NULL;

-- name: FreeKey :execrows
DELETE FROM idempotency_keys WHERE digest = @digest AND run = @run AND finished_at IS NULL;
