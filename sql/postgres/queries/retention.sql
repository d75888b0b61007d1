-- Sweeps remove one batch and wait for no row that somebody else holds.

-- name: CountSessions :one
SELECT count(*) FROM sessions
WHERE settled_on <= @cutoff_day AND LEAST(ended_at, idle_expires_at) < @cutoff::timestamptz;

-- name: SweepSessions :execrows
DELETE FROM sessions WHERE id IN (
  SELECT old.id FROM sessions AS old
  WHERE old.settled_on <= @cutoff_day
    AND LEAST(old.ended_at, old.idle_expires_at) < @cutoff::timestamptz
  LIMIT @batch FOR UPDATE SKIP LOCKED
);

-- name: SweepFlows :execrows
DELETE FROM flows WHERE id IN (
  SELECT old.id FROM flows AS old WHERE old.expires_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
);

-- name: SweepLinks :execrows
DELETE FROM links WHERE digest IN (
  SELECT old.digest FROM links AS old WHERE old.expires_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
);

-- name: SweepIntakes :execrows
DELETE FROM intakes WHERE id IN (
  SELECT old.id FROM intakes AS old WHERE old.created_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
);

-- name: SweepRegistrations :execrows
DELETE FROM registrations WHERE id IN (
  SELECT old.id FROM registrations AS old WHERE old.expires_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
);

-- name: SweepAccounts :execrows
WITH gone AS (
  DELETE FROM users WHERE id IN (
    SELECT old.id FROM users AS old WHERE old.purge_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
  )
  RETURNING users.id
), forgotten AS (
  DELETE FROM code_budgets WHERE subject IN (SELECT gone.id::text FROM gone)
)
SELECT gone.id FROM gone;

-- name: SweepMail :execrows
DELETE FROM outbox WHERE id IN (
  SELECT old.id FROM outbox AS old WHERE old.state <> 'queued' AND old.next_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
);

-- name: SweepMailbox :execrows
DELETE FROM mailbox WHERE id IN (
  SELECT old.id FROM mailbox AS old WHERE old.sent_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
);

-- name: SweepRetiredKeys :execrows
DELETE FROM signing_keys WHERE id IN (
  SELECT old.id FROM signing_keys AS old WHERE old.retire_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
);

-- name: SweepJournal :execrows
DELETE FROM journal WHERE (subject, id, rev) IN (
  SELECT old.subject, old.id, old.rev FROM journal AS old WHERE old.at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
);

-- name: SweepBudgets :exec
-- Counts of subjects that are no account (addresses nobody has) go when they have rested since the cutoff;
-- those of accounts go with the account.
DELETE FROM code_budgets WHERE subject IN (
  SELECT old.subject FROM code_budgets AS old
  WHERE old.touched_at < @cutoff
    AND old.subject !~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
  LIMIT @batch FOR UPDATE SKIP LOCKED
);
