-- name: InsertEnvelope :exec
INSERT INTO outbox (
  id, kind, recipient, payload, state, attempts, last_error, created_at, next_at, sent_at
) VALUES (
  @id, @kind, @recipient, @payload, @state, @attempts, @last_error, @created_at, @next_at, @sent_at
);

-- name: MarkSent :execrows
UPDATE outbox SET state = 'sent', payload = NULL, sent_at = @now, next_at = @now
WHERE id = @id AND state <> 'sent';

-- name: DeferEnvelope :execrows
UPDATE outbox SET last_error = @last_error, next_at = @next_at WHERE id = @id AND state = 'queued';

-- name: FailEnvelope :execrows
UPDATE outbox SET state = 'failed', last_error = @last_error WHERE id = @id AND state = 'queued';

-- name: Envelope :one
SELECT * FROM outbox WHERE id = @id;

-- name: RequeueEnvelope :execrows
UPDATE outbox SET state = 'queued', next_at = @now WHERE id = @id AND state = 'failed';

-- name: CountEnvelopes :one
SELECT count(*) FROM outbox WHERE state = @state;

-- name: OldestDue :one
SELECT next_at FROM outbox WHERE state = 'queued' AND next_at <= @now ORDER BY next_at LIMIT 1;

-- name: KeepMessage :exec
INSERT INTO mailbox (id, kind, recipient, channel, contents, sent_at)
VALUES (@id, @kind, @recipient, @channel, @contents, @sent_at)
ON CONFLICT (id) DO NOTHING;

-- name: BrowseMessages :many
SELECT * FROM mailbox
WHERE recipient = coalesce(CAST(sqlc.narg('recipient') AS text), recipient)
  AND kind = coalesce(CAST(sqlc.narg('kind') AS text), kind)
ORDER BY sent_at DESC, id DESC LIMIT @page_limit;

-- name: EmptyMailbox :exec
DELETE FROM mailbox;
