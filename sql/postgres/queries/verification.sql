-- name: ClaimIntakes :many
UPDATE intakes SET attempts = attempts + 1, due_at = @leased_until
WHERE id IN (
  SELECT due.id FROM intakes AS due WHERE due.due_at <= @now
  ORDER BY due.created_at, due.id LIMIT @batch FOR UPDATE SKIP LOCKED
)
RETURNING *;

-- name: LockSubject :exec
-- Flows of one subject start one after another, so that exactly the newest stay live.
SELECT pg_advisory_xact_lock(hashtextextended(@subject::text, 11));

-- name: TryFlow :one
-- The flow's row is locked first, then the budget's, as CloseFlow and ForgetFailures do. A racing try that
-- finds the budget spent loses its try all the same.
WITH tried AS (
  UPDATE flows SET tries = tries + 1
  WHERE id = @id AND purpose = @purpose AND NOT closed AND expires_at > @now::timestamptz
    AND tries < @max_tries::int AND NOT EXISTS (
      SELECT 1 FROM code_budgets WHERE code_budgets.subject = flows.subject AND failures >= @max_failures::int
    )
  RETURNING *
), spent AS (
  INSERT INTO code_budgets (subject, failures, touched_at)
  SELECT tried.subject, 1, @now::timestamptz FROM tried
  ON CONFLICT (subject) DO UPDATE SET failures = code_budgets.failures + 1, touched_at = excluded.touched_at
  WHERE code_budgets.failures < @max_failures::int
  RETURNING subject
)
SELECT tried.* FROM tried JOIN spent ON spent.subject = tried.subject;
