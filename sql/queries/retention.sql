-- Counts of what expired before the cutoff; the sweeps beside each engine remove exactly these.

-- name: CountFlows :one
SELECT count(*) FROM flows WHERE expires_at < @cutoff;

-- name: CountLinks :one
SELECT count(*) FROM links WHERE expires_at < @cutoff;

-- name: CountIntakes :one
SELECT count(*) FROM intakes WHERE created_at < @cutoff;

-- name: CountRegistrations :one
SELECT count(*) FROM registrations WHERE expires_at < @cutoff;

-- name: CountAccounts :one
SELECT count(*) FROM users WHERE purge_at < @cutoff;

-- name: CountMail :one
SELECT count(*) FROM outbox WHERE state <> 'queued' AND next_at < @cutoff;

-- name: CountMailbox :one
SELECT count(*) FROM mailbox WHERE sent_at < @cutoff;

-- name: CountJournal :one
SELECT count(*) FROM journal WHERE at < @cutoff;

-- name: CountRetiredKeys :one
SELECT count(*) FROM signing_keys WHERE retire_at < @cutoff;

-- name: CountTries :one
SELECT count(*) FROM tries WHERE touched_at < @cutoff;

-- name: CountDevices :one
SELECT count(*) FROM devices WHERE expires_at < @cutoff;

-- name: CountPendingFactors :one
SELECT count(*) FROM factors WHERE confirmed_at IS NULL AND created_at < @cutoff;

-- name: CountExpiredTokens :one
SELECT count(*) FROM personal_tokens WHERE expires_at < @cutoff;

-- name: CountExpiredKeys :one
SELECT count(*) FROM service_account_keys WHERE expires_at < @cutoff;

-- name: CountKeys :one
SELECT count(*) FROM idempotency_keys WHERE expires_at < @cutoff;
