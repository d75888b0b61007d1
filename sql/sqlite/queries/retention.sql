-- One writer at a time: a batch holds up the others for as long as it takes.

-- name: CountSessions :one
SELECT count(*) FROM sessions WHERE min(coalesce(ended_at, idle_expires_at), idle_expires_at) < @cutoff;

-- name: SweepSessions :execrows
DELETE FROM sessions WHERE id IN (
  SELECT old.id FROM sessions AS old
  WHERE min(coalesce(old.ended_at, old.idle_expires_at), old.idle_expires_at) < @cutoff LIMIT @batch
);

-- name: SweepFlows :execrows
DELETE FROM flows WHERE id IN (
  SELECT old.id FROM flows AS old WHERE old.expires_at < @cutoff LIMIT @batch
);

-- name: SweepLinks :execrows
DELETE FROM links WHERE digest IN (
  SELECT old.digest FROM links AS old WHERE old.expires_at < @cutoff LIMIT @batch
);

-- name: SweepIntakes :execrows
DELETE FROM intakes WHERE id IN (
  SELECT old.id FROM intakes AS old WHERE old.created_at < @cutoff LIMIT @batch
);

-- name: SweepRegistrations :execrows
DELETE FROM registrations WHERE id IN (
  SELECT old.id FROM registrations AS old WHERE old.expires_at < @cutoff LIMIT @batch
);

-- name: SweepMail :execrows
DELETE FROM outbox WHERE id IN (
  SELECT old.id FROM outbox AS old WHERE old.state <> 'queued' AND old.next_at < @cutoff LIMIT @batch
);

-- name: SweepMailbox :execrows
DELETE FROM mailbox WHERE id IN (
  SELECT old.id FROM mailbox AS old WHERE old.sent_at < @cutoff LIMIT @batch
);

-- name: SweepRetiredKeys :execrows
DELETE FROM signing_keys WHERE id IN (
  SELECT old.id FROM signing_keys AS old WHERE old.retire_at < @cutoff LIMIT @batch
);

-- name: SweepJournal :execrows
DELETE FROM journal WHERE rowid IN (SELECT old.rowid FROM journal AS old WHERE old.at < @cutoff LIMIT @batch);

-- name: ExpiredAccounts :many
SELECT id FROM users WHERE purge_at < @cutoff LIMIT @batch;

-- name: DeleteUser :exec
DELETE FROM users WHERE id = @id;

-- name: SweepBudgets :exec
-- Counts of subjects that are no account (addresses nobody has) go when they have rested since the cutoff;
-- those of accounts go with the account.
DELETE FROM code_budgets WHERE subject IN (
  SELECT old.subject FROM code_budgets AS old
  WHERE old.touched_at < @cutoff AND old.subject NOT GLOB '????????-????-????-????-????????????' LIMIT @batch
);

-- name: CountEvents :one
-- The trigger of the table judges by the machine's clock, so the sweep does as well.
SELECT count(*) FROM audit_log
WHERE keep_until < @cutoff AND keep_until <= CAST(unixepoch('subsec') * 1000000 AS integer);

-- name: SweepEvents :execrows
DELETE FROM audit_log WHERE id IN (
  SELECT old.id FROM audit_log AS old
  WHERE old.keep_until < @cutoff AND old.keep_until <= CAST(unixepoch('subsec') * 1000000 AS integer) LIMIT @batch
);

-- name: SweepTries :execrows
DELETE FROM tries WHERE rowid IN (SELECT old.rowid FROM tries AS old WHERE old.touched_at < @cutoff LIMIT @batch);

-- name: SweepDevices :execrows
DELETE FROM devices WHERE id IN (
  SELECT old.id FROM devices AS old WHERE old.expires_at < @cutoff LIMIT @batch
);

-- name: SweepFactors :execrows
DELETE FROM factors WHERE id IN (
  SELECT old.id FROM factors AS old WHERE old.confirmed_at IS NULL AND old.created_at < @cutoff LIMIT @batch
);

-- name: SweepPersonalTokens :execrows
DELETE FROM personal_tokens WHERE id IN (
  SELECT old.id FROM personal_tokens AS old WHERE old.expires_at < @cutoff LIMIT @batch
);

-- name: SweepServiceKeys :execrows
DELETE FROM service_account_keys WHERE id IN (
  SELECT old.id FROM service_account_keys AS old WHERE old.expires_at < @cutoff LIMIT @batch
);

-- name: SweepKeys :execrows
DELETE FROM idempotency_keys WHERE digest IN (
  SELECT old.digest FROM idempotency_keys AS old WHERE old.expires_at < @cutoff LIMIT @batch
);
