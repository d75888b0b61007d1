-- name: InsertIntake :exec
INSERT INTO intakes (id, kind, payload, created_at, due_at, attempts)
VALUES (@id, @kind, @payload, @created_at, @created_at, 0);

-- name: DeleteIntake :execrows
DELETE FROM intakes WHERE id = @id;

-- name: PutFlow :exec
INSERT INTO flows (
  id, purpose, subject, registration_id, user_id, digest, detail, tries, created_at, expires_at
) VALUES (
  @id, @purpose, @subject, @registration_id, @user_id, @digest, @detail, @tries, @created_at, @expires_at
)
ON CONFLICT (id) DO UPDATE SET
  digest = excluded.digest, detail = excluded.detail,
  created_at = excluded.created_at, expires_at = excluded.expires_at;

-- name: ExpireSurplusFlows :exec
UPDATE flows SET expires_at = @now
WHERE id IN (
  SELECT live.id FROM flows AS live
  WHERE live.subject = @subject AND live.purpose = @purpose AND NOT live.closed AND live.expires_at > @now
  ORDER BY live.created_at DESC, live.id DESC LIMIT 1000000 OFFSET @max_live
);

-- name: FindFlow :one
SELECT * FROM flows WHERE id = @id AND NOT closed;

-- name: CloseFlow :one
UPDATE flows SET closed = true WHERE id = @id AND NOT closed AND expires_at > @now RETURNING subject;

-- name: ForgetFailures :exec
DELETE FROM code_budgets WHERE subject = @subject;

-- name: KillFlows :exec
UPDATE flows SET closed = true WHERE user_id = @user_id AND purpose = @purpose AND NOT closed;

-- name: InsertLink :exec
INSERT INTO links (digest, purpose, registration_id, user_id, flow_id, detail, created_at, expires_at)
VALUES (@digest, @purpose, @registration_id, @user_id, @flow_id, @detail, @created_at, @expires_at);

-- name: FindLink :one
SELECT * FROM links WHERE digest = @digest AND purpose = @purpose AND expires_at > @now;

-- name: TakeLink :one
DELETE FROM links WHERE digest = @digest AND purpose = @purpose AND expires_at > @now RETURNING *;

-- name: KillLinks :exec
DELETE FROM links WHERE user_id = @user_id AND purpose = @purpose;

-- name: KillLinksSince :exec
DELETE FROM links WHERE user_id = @user_id AND purpose = @purpose AND created_at >= @since;
