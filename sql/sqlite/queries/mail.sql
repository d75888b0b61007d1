-- name: ClaimEnvelopes :many
UPDATE outbox SET attempts = attempts + 1, next_at = @leased_until
WHERE id IN (
  SELECT due.id FROM outbox AS due WHERE due.state = 'queued' AND due.next_at <= @now
  ORDER BY due.next_at, due.id LIMIT @batch
)
RETURNING *;
