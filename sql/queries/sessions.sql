-- name: FindSession :one
SELECT * FROM sessions WHERE id = @id;

-- name: ListSessions :many
SELECT * FROM sessions
WHERE user_id = @user_id AND ended_at IS NULL AND idle_expires_at > @now AND expires_at > @now
ORDER BY created_at DESC, id DESC LIMIT @page_limit;

-- name: ListSessionsAfter :many
SELECT * FROM sessions
WHERE user_id = @user_id AND ended_at IS NULL AND idle_expires_at > @now AND expires_at > @now
  AND (created_at < @after_at OR (created_at = @after_at AND id < @after_id))
ORDER BY created_at DESC, id DESC LIMIT @page_limit;

-- name: PendingChanges :many
SELECT subject, id, rev FROM journal WHERE at < @before ORDER BY at, id, rev LIMIT @page_limit;

-- name: ClearChange :exec
DELETE FROM journal WHERE subject = @subject AND id = @id AND rev = @rev;
