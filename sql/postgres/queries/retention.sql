-- Sweeps remove one batch and wait for no row that somebody else holds. The batch is chosen in a WITH, which
-- is evaluated once: a subselect with LIMIT may be evaluated again for every row.

-- name: CountSessions :one
SELECT count(*) FROM sessions
WHERE settled_on <= @cutoff_day AND LEAST(ended_at, idle_expires_at) < @cutoff::timestamptz;

-- name: SweepSessions :execrows
WITH old AS (
  SELECT sessions.id FROM sessions
  WHERE sessions.settled_on <= @cutoff_day
    AND LEAST(sessions.ended_at, sessions.idle_expires_at) < @cutoff::timestamptz
  LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM sessions USING old WHERE sessions.id = old.id;

-- name: SweepFlows :execrows
WITH old AS (
  SELECT flows.id FROM flows WHERE flows.expires_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM flows USING old WHERE flows.id = old.id;

-- name: SweepLinks :execrows
WITH old AS (
  SELECT links.digest FROM links WHERE links.expires_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM links USING old WHERE links.digest = old.digest;

-- name: SweepIntakes :execrows
WITH old AS (
  SELECT intakes.id FROM intakes WHERE intakes.created_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM intakes USING old WHERE intakes.id = old.id;

-- name: SweepRegistrations :execrows
WITH old AS (
  SELECT registrations.id FROM registrations WHERE registrations.expires_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM registrations USING old WHERE registrations.id = old.id;

-- name: SweepAccounts :execrows
WITH old AS (
  SELECT users.id FROM users WHERE users.purge_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM users USING old WHERE users.id = old.id RETURNING users.id
), forgotten AS (
  DELETE FROM code_budgets WHERE subject IN (SELECT gone.id::text FROM gone)
)
SELECT gone.id FROM gone;

-- name: SweepMail :execrows
WITH old AS (
  SELECT outbox.id FROM outbox WHERE outbox.state <> 'queued' AND outbox.next_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM outbox USING old WHERE outbox.id = old.id;

-- name: SweepMailbox :execrows
WITH old AS (
  SELECT mailbox.id FROM mailbox WHERE mailbox.sent_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM mailbox USING old WHERE mailbox.id = old.id;

-- name: SweepRetiredKeys :execrows
WITH old AS (
  SELECT signing_keys.id FROM signing_keys WHERE signing_keys.retire_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM signing_keys USING old WHERE signing_keys.id = old.id;

-- name: SweepJournal :execrows
WITH old AS (
  SELECT journal.subject, journal.id, journal.rev FROM journal WHERE journal.at < @cutoff
  LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM journal USING old
WHERE journal.subject = old.subject AND journal.id = old.id AND journal.rev = old.rev;

-- name: SweepBudgets :exec
-- Counts of subjects that are no account (addresses nobody has) go when they have rested since the cutoff;
-- those of accounts go with the account. The order makes the planner take the index of exactly these: it cannot
-- know how few subjects the pattern fits, and would read the whole table.
WITH old AS (
  SELECT code_budgets.subject FROM code_budgets
  WHERE code_budgets.touched_at < @cutoff
    AND code_budgets.subject !~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
  ORDER BY code_budgets.touched_at LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM code_budgets USING old WHERE code_budgets.subject = old.subject;

-- name: CountEvents :one
-- The trigger of the table judges by the database's clock, so the sweep does as well.
SELECT count(*) FROM audit_log WHERE keep_until < @cutoff AND keep_until <= now();

-- name: SweepEvents :execrows
WITH old AS (
  SELECT audit_log.id FROM audit_log WHERE audit_log.keep_until < @cutoff AND audit_log.keep_until <= now()
  LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM audit_log USING old WHERE audit_log.id = old.id;

-- name: SweepTries :execrows
WITH old AS (
  SELECT tries.subject, tries.source FROM tries WHERE tries.touched_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM tries USING old WHERE tries.subject = old.subject AND tries.source = old.source;

-- name: SweepDevices :execrows
WITH old AS (
  SELECT devices.id FROM devices WHERE devices.expires_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM devices USING old WHERE devices.id = old.id;

-- name: SweepFactors :execrows
WITH old AS (
  SELECT factors.id FROM factors WHERE factors.confirmed_at IS NULL AND factors.created_at < @cutoff
  LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM factors USING old WHERE factors.id = old.id AND factors.confirmed_at IS NULL;

-- name: SweepPersonalTokens :execrows
WITH old AS MATERIALIZED (
  SELECT personal_tokens.id FROM personal_tokens WHERE personal_tokens.expires_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM personal_tokens USING old WHERE personal_tokens.id = old.id;

-- name: SweepServiceKeys :execrows
WITH old AS MATERIALIZED (
  SELECT service_account_keys.id FROM service_account_keys WHERE service_account_keys.expires_at < @cutoff LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM service_account_keys USING old WHERE service_account_keys.id = old.id;

-- name: SweepKeys :execrows
WITH old AS (
  SELECT idempotency_keys.digest FROM idempotency_keys WHERE idempotency_keys.expires_at < @cutoff
  LIMIT @batch FOR UPDATE SKIP LOCKED
)
DELETE FROM idempotency_keys USING old WHERE idempotency_keys.digest = old.digest;
