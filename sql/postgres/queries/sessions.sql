-- name: LockOwner :exec
-- First of the two statements of a sign-in, sent together: those of one user queue up here, and the second
-- statement, whose snapshot is taken after it, sees what the one before has opened.
SELECT id FROM users WHERE id = @user_id AND rev = @user_rev AND status = 'active' FOR NO KEY UPDATE;

-- name: OpenSession :many
-- Gives the opened session, with its own rev, and the evicted ones. No row: the user has changed. All that comes
-- with a sign-in is written here too; rows that are written as they are come as JSON. Counters are locked in their
-- order, as reserve_try does.
WITH owner AS (
  SELECT users.id FROM users WHERE users.id = @user_id AND users.rev = @user_rev AND users.status = 'active'
), opened AS (
  INSERT INTO sessions (
    id, user_id, user_agent, device_kind, browser, os, ip, location, factors, auth_time, created_at,
    last_used_at, idle_expires_at, expires_at, ended_at, end_reason, generation, nonce, branches, rotated_at,
    used_nonce, used_branch, rev
  )
  SELECT
    @id, owner.id, @user_agent, @device_kind, @browser, @os, @ip, @location, @factors::text[], @auth_time, @created_at,
    @last_used_at, @idle_expires_at, @expires_at, @ended_at, @end_reason, @generation, @nonce, @branches, @rotated_at,
    @used_nonce, @used_branch, @rev
  FROM owner
  RETURNING sessions.id, sessions.rev
), surplus AS (
  SELECT sessions.id FROM sessions, owner
  WHERE sessions.user_id = owner.id AND ended_at IS NULL AND idle_expires_at > @created_at AND expires_at > @created_at
  ORDER BY created_at DESC, sessions.id DESC OFFSET @others::int
), evicted AS (
  UPDATE sessions SET ended_at = @created_at, end_reason = 'evicted', rev = sessions.rev + 1
  WHERE sessions.id IN (SELECT surplus.id FROM surplus) AND ended_at IS NULL
  RETURNING sessions.id, sessions.rev
), journalled AS (
  INSERT INTO journal (subject, id, rev, at) SELECT 'session', evicted.id, evicted.rev, @created_at FROM evicted
), added AS (
  INSERT INTO devices SELECT (device).* FROM owner, jsonb_populate_recordset(NULL::devices, @added_devices::jsonb) AS device
), outgrown AS (
  DELETE FROM devices WHERE devices.id IN (
    SELECT older.id FROM devices AS older, owner
    WHERE older.user_id = owner.id AND jsonb_array_length(@added_devices::jsonb) > 0
    ORDER BY older.last_used_at DESC, older.id DESC OFFSET @other_devices::int
  )
), renewed AS (
  UPDATE devices SET
    digest = (device).digest, user_agent = (device).user_agent, kind = (device).kind, browser = (device).browser,
    os = (device).os, ip = (device).ip, location = (device).location, last_used_at = (device).last_used_at,
    expires_at = (device).expires_at, trusted_until = (device).trusted_until
  FROM owner, jsonb_populate_recordset(NULL::devices, @renewed_devices::jsonb) AS device
  WHERE devices.id = (device).id AND devices.user_id = owner.id
), cleared AS (
  DELETE FROM tries USING (
    SELECT held.subject, held.source
    FROM owner, jsonb_populate_recordset(NULL::tries, @cleared_tries::jsonb) AS counter
    JOIN tries AS held ON held.subject = (counter).subject AND held.source = coalesce((counter).source, held.source)
    ORDER BY held.subject, held.source FOR UPDATE OF held
  ) AS doomed
  WHERE tries.subject = doomed.subject AND tries.source = doomed.source
), recorded AS (
  INSERT INTO audit_log SELECT (event).* FROM owner, jsonb_populate_recordset(NULL::audit_log, @events::jsonb) AS event
), told AS (
  INSERT INTO audit_log SELECT (event).* FROM jsonb_populate_recordset(NULL::audit_log, jsonb_set(
    @evicted_event::jsonb, '{0,metadata}', (
      SELECT jsonb_build_object(
        'count', count(*)::text, 'sessions', string_agg(named.id::text, ' ' ORDER BY named.id) FILTER (WHERE named.place <= @named_at_most::int)
      )
      FROM (SELECT evicted.id, row_number() OVER (ORDER BY evicted.id) AS place FROM evicted) AS named
    )
  )) AS event
  WHERE EXISTS (SELECT FROM evicted)
), greeted AS (
  INSERT INTO outbox SELECT (letter).* FROM owner, jsonb_populate_recordset(NULL::outbox, @new_device_letter::jsonb) AS letter
  WHERE EXISTS (SELECT FROM sessions WHERE sessions.user_id = owner.id)
    OR EXISTS (SELECT FROM devices WHERE devices.user_id = owner.id)
), parted AS (
  INSERT INTO outbox SELECT (letter).* FROM jsonb_populate_recordset(NULL::outbox, @farewell_letter::jsonb) AS letter
  WHERE EXISTS (SELECT FROM evicted)
)
SELECT opened.id, opened.rev, true AS opened FROM opened
UNION ALL
SELECT evicted.id, evicted.rev, false AS opened FROM evicted;

-- name: RefreshSession :one
-- The rotation rule of session.Session.Present, whole. Right-hand sides see the row as it was. Only living
-- branches match; of these a current token rotates the chain unless it is the newest, younger than the
-- window and not a sign-in's first, and the previous one is handed one more branch once the window is over.
UPDATE sessions SET
  last_used_at = @now::timestamptz,
  idle_expires_at = LEAST(@idle_until::timestamptz, sessions.expires_at),
  generation = CASE
    WHEN sessions.generation = sqlc.arg(generation)::bigint AND (@first::boolean OR @branch < branches - 1 OR rotated_at <= @young_after)
    THEN sessions.generation + 1 ELSE sessions.generation END,
  nonce = CASE
    WHEN sessions.generation = sqlc.arg(generation)::bigint AND (@first OR @branch < branches - 1 OR rotated_at <= @young_after)
    THEN @fresh_nonce ELSE nonce END,
  used_nonce = CASE
    WHEN sessions.generation = sqlc.arg(generation)::bigint AND (@first OR @branch < branches - 1 OR rotated_at <= @young_after)
    THEN nonce ELSE used_nonce END,
  used_branch = CASE
    WHEN sessions.generation = sqlc.arg(generation)::bigint AND (@first OR @branch < branches - 1 OR rotated_at <= @young_after)
    THEN @branch ELSE used_branch END,
  branches = CASE
    WHEN sessions.generation = sqlc.arg(generation)::bigint AND (@first OR @branch < branches - 1 OR rotated_at <= @young_after)
    THEN 1
    WHEN sessions.generation = sqlc.arg(generation)::bigint + 1 AND rotated_at <= @young_after
    THEN branches + 1 ELSE branches END,
  rotated_at = CASE
    WHEN sessions.generation = sqlc.arg(generation)::bigint AND (@first OR @branch < branches - 1)
      OR rotated_at <= @young_after
    THEN GREATEST(rotated_at, @now::timestamptz) ELSE rotated_at END
FROM accounts
WHERE sessions.id = @id AND accounts.id = sessions.user_id AND accounts.status = 'active'
  AND ended_at IS NULL AND idle_expires_at > @now AND expires_at > @now
  AND (
    sessions.generation = sqlc.arg(generation)::bigint AND nonce = @nonce AND branches > @branch
    OR sessions.generation = sqlc.arg(generation)::bigint + 1 AND used_nonce = @nonce AND used_branch = @branch
  )
RETURNING sqlc.embed(sessions), sqlc.embed(accounts);

-- name: LockSession :one
SELECT * FROM sessions WHERE id = @id FOR UPDATE;

-- name: ProveSession :one
WITH proven AS (
  UPDATE sessions SET auth_time = @auth_time, factors = @factors::text[], rev = sessions.rev + 1
  WHERE sessions.id = @id AND ended_at IS NULL AND idle_expires_at > @auth_time AND expires_at > @auth_time
  RETURNING *
), journalled AS (
  INSERT INTO journal (subject, id, rev, at) SELECT 'session', proven.id, proven.rev, @auth_time FROM proven
)
SELECT * FROM proven;

-- name: EndSession :one
WITH ended AS (
  UPDATE sessions SET ended_at = @now, end_reason = @end_reason, rev = sessions.rev + 1
  WHERE sessions.id = @id AND user_id = @user_id AND ended_at IS NULL AND idle_expires_at > @now AND expires_at > @now
  RETURNING sessions.id, sessions.rev
), recorded AS (
  INSERT INTO audit_log SELECT (event).* FROM jsonb_populate_recordset(NULL::audit_log, @events::jsonb) AS event
  WHERE EXISTS (SELECT FROM ended)
)
INSERT INTO journal (subject, id, rev, at) SELECT 'session', ended.id, ended.rev, @now FROM ended
RETURNING journal.rev;

-- name: EndSessions :many
WITH live AS (
  SELECT sessions.id FROM sessions
  WHERE sessions.user_id = @user_id AND sessions.id <> @except_id
    AND ended_at IS NULL AND idle_expires_at > @now AND expires_at > @now
  ORDER BY sessions.id FOR UPDATE
), ended AS (
  UPDATE sessions SET ended_at = @now, end_reason = @end_reason, rev = sessions.rev + 1
  WHERE sessions.id IN (SELECT live.id FROM live)
  RETURNING sessions.id, sessions.rev
), recorded AS (
  INSERT INTO audit_log SELECT (event).* FROM jsonb_populate_recordset(NULL::audit_log, @events::jsonb) AS event
  WHERE EXISTS (SELECT FROM ended)
)
INSERT INTO journal (subject, id, rev, at) SELECT 'session', ended.id, ended.rev, @now FROM ended
RETURNING journal.id, journal.rev;
