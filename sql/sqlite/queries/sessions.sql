-- name: CountOwner :one
SELECT count(*) FROM users WHERE id = @user_id AND rev = @user_rev AND status = 'active';

-- name: InsertSession :exec
INSERT INTO sessions (
  id, user_id, user_agent, device_kind, browser, os, ip, location, factors, auth_time, created_at,
  last_used_at, idle_expires_at, expires_at, ended_at, end_reason, generation, nonce, branches, rotated_at,
  used_nonce, used_branch, rev
) VALUES (
  @id, @user_id, @user_agent, @device_kind, @browser, @os, @ip, @location, @factors, @auth_time, @created_at,
  @last_used_at, @idle_expires_at, @expires_at, @ended_at, @end_reason, @generation, @nonce, @branches, @rotated_at,
  @used_nonce, @used_branch, @rev
);

-- name: EvictSessions :many
UPDATE sessions SET ended_at = @now, end_reason = 'evicted', rev = rev + 1
WHERE id IN (
  SELECT live.id FROM sessions AS live
  WHERE live.user_id = @user_id AND live.id <> @opened_id AND live.ended_at IS NULL
    AND live.idle_expires_at > @now AND live.expires_at > @now
  ORDER BY live.created_at DESC, live.id DESC LIMIT -1 OFFSET @others
)
RETURNING id, rev;

-- name: RefreshSession :one
-- The rotation rule of session.Session.Present, whole. Right-hand sides see the row as it was. Only living
-- branches match; of these a current token rotates the chain unless it is the newest, younger than the
-- window and not a sign-in's first, and the previous one is handed one more branch once the window is over.
UPDATE sessions SET
  last_used_at = @now,
  idle_expires_at = min(CAST(@idle_until AS timestamptz), expires_at),
  generation = CASE
    WHEN generation = @generation AND (CAST(@first AS boolean) OR @branch < branches - 1 OR rotated_at <= @young_after)
    THEN generation + 1 ELSE generation END,
  nonce = CASE
    WHEN generation = @generation AND (CAST(@first AS boolean) OR @branch < branches - 1 OR rotated_at <= @young_after)
    THEN @fresh_nonce ELSE nonce END,
  used_nonce = CASE
    WHEN generation = @generation AND (CAST(@first AS boolean) OR @branch < branches - 1 OR rotated_at <= @young_after)
    THEN nonce ELSE used_nonce END,
  used_branch = CASE
    WHEN generation = @generation AND (CAST(@first AS boolean) OR @branch < branches - 1 OR rotated_at <= @young_after)
    THEN @branch ELSE used_branch END,
  branches = CASE
    WHEN generation = @generation AND (CAST(@first AS boolean) OR @branch < branches - 1 OR rotated_at <= @young_after)
    THEN 1
    WHEN generation = @generation + 1 AND rotated_at <= @young_after
    THEN branches + 1 ELSE branches END,
  rotated_at = CASE
    WHEN generation = @generation AND (CAST(@first AS boolean) OR @branch < branches - 1)
      OR rotated_at <= @young_after
    THEN max(rotated_at, @now) ELSE rotated_at END
WHERE sessions.id = @id AND ended_at IS NULL AND idle_expires_at > @now AND expires_at > @now
  AND (
    generation = @generation AND nonce = @nonce AND branches > @branch
    OR generation = @generation + 1 AND used_nonce = @nonce AND used_branch = @branch
  )
  AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.status = 'active')
RETURNING *;

-- name: ProveSession :one
UPDATE sessions SET auth_time = @auth_time, factors = @factors, rev = rev + 1
WHERE id = @id AND ended_at IS NULL AND idle_expires_at > @auth_time AND expires_at > @auth_time
RETURNING *;

-- name: EndSession :one
UPDATE sessions SET ended_at = @now, end_reason = @end_reason, rev = rev + 1
WHERE id = @id AND user_id = @user_id AND ended_at IS NULL AND idle_expires_at > @now AND expires_at > @now
RETURNING rev;

-- name: EndSessions :many
UPDATE sessions SET ended_at = @now, end_reason = @end_reason, rev = rev + 1
WHERE user_id = @user_id AND id <> @except_id
  AND ended_at IS NULL AND idle_expires_at > @now AND expires_at > @now
RETURNING id, rev;
