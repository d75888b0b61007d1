-- name: ClaimEnvelopes :many
WITH due AS (
  SELECT outbox.id, outbox.next_at FROM outbox WHERE outbox.state = 'queued' AND outbox.next_at <= @now
  ORDER BY outbox.next_at, outbox.id LIMIT @batch FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE outbox SET attempts = outbox.attempts + 1, next_at = @leased_until
  FROM due WHERE outbox.id = due.id
  RETURNING outbox.*
)
SELECT claimed.* FROM claimed JOIN due ON due.id = claimed.id ORDER BY due.next_at, due.id;
