-- name: SigningKeys :many
SELECT * FROM signing_keys ORDER BY created_at, id;

-- name: InsertSigningKey :execrows
INSERT INTO signing_keys (id, algorithm, public, sealed, created_at, active_from, retire_at)
VALUES (@id, @algorithm, @public, @sealed, @created_at, @active_from, @retire_at)
ON CONFLICT (id) DO NOTHING;

-- name: CountSigningKeys :one
SELECT count(*) FROM signing_keys;

-- name: RetireSigningKeys :exec
UPDATE signing_keys SET retire_at = @at WHERE id <> @except_id AND retire_at IS NULL;
