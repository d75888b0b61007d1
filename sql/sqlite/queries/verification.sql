-- name: ClaimIntakes :many
UPDATE intakes SET attempts = attempts + 1, due_at = @leased_until
WHERE id IN (
  SELECT due.id FROM intakes AS due WHERE due.due_at <= @now ORDER BY due.created_at, due.id LIMIT @batch
)
RETURNING *;

-- name: TryFlow :one
UPDATE flows SET tries = tries + 1
WHERE id = @id AND purpose = @purpose AND NOT closed AND expires_at > @now AND tries < @max_tries
  AND NOT EXISTS (
    SELECT 1 FROM code_budgets WHERE code_budgets.subject = flows.subject AND failures >= @max_failures
  )
RETURNING *;

-- name: SpendBudget :exec
INSERT INTO code_budgets (subject, failures, touched_at) VALUES (@subject, 1, @now)
ON CONFLICT (subject) DO UPDATE SET failures = code_budgets.failures + 1, touched_at = excluded.touched_at;
