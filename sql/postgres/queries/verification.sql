-- name: ClaimIntakes :many
WITH due AS (
  SELECT intakes.id FROM intakes WHERE intakes.due_at <= @now
  ORDER BY intakes.created_at, intakes.id LIMIT @batch FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE intakes SET attempts = intakes.attempts + 1, due_at = @leased_until
  FROM due WHERE intakes.id = due.id
  RETURNING intakes.*
)
SELECT claimed.* FROM claimed ORDER BY claimed.created_at, claimed.id;

-- name: LockSubject :exec
-- Flows of one subject start one after another, so that exactly the newest stay live.
SELECT pg_advisory_xact_lock(hashtextextended(@subject::text, 11));

-- name: LockSubjectFlows :exec
-- Whoever uses one flow goes on to kill the others of its subject. They are locked before the budget is, in
-- one order: a try locks its flow and then the budget, and the two would else wait for each other.
SELECT flows.id FROM flows
WHERE flows.subject = (SELECT used.subject FROM flows AS used WHERE used.id = @id) AND NOT flows.closed
ORDER BY flows.id FOR UPDATE;

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
