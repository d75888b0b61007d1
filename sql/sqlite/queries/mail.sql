-- name: DueEnvelopes :many
SELECT * FROM outbox WHERE state = 'queued' AND next_at <= @now ORDER BY next_at, id LIMIT @batch;

-- name: LeaseEnvelope :one
UPDATE outbox SET attempts = attempts + 1, next_at = @leased_until WHERE id = @id RETURNING *;
