-- name: ReserveTry :one
-- The user's live device, where there is one, as JSON, and what reserve_try gives.
WITH known AS (
  SELECT devices.* FROM devices
  WHERE devices.digest = @digest AND devices.user_id = @user_id AND devices.expires_at > @now
    AND devices.browser = @browser AND devices.os = @os
)
SELECT
  coalesce((SELECT to_jsonb(known.*) FROM known), 'null'::jsonb)::jsonb AS device,
  reserve_try(
    @subject::text, coalesce((SELECT ARRAY['device/' || known.id] FROM known), ARRAY['', @source::text]),
    @shown::text, @source::text, @now::timestamptz, @until::timestamptz, @max_tries::int, @max_streak::int
  )::int[] AS standing;

-- name: ClearTries :exec
-- A counter without a source stands for all of its subject. They are locked in their order, as reserve_try does.
DELETE FROM tries USING (
  SELECT held.subject, held.source
  FROM jsonb_populate_recordset(NULL::tries, @cleared_tries::jsonb) AS counter
  JOIN tries AS held ON held.subject = (counter).subject AND held.source = coalesce((counter).source, held.source)
  ORDER BY held.subject, held.source FOR UPDATE OF held
) AS doomed
WHERE tries.subject = doomed.subject AND tries.source = doomed.source;

-- name: NoticeLock :execrows
-- One row: it has been so long since the last notice that one is due.
INSERT INTO tries (subject, source, failures, streak, expires_at, touched_at, noticed_at)
VALUES (@subject, @source, 0, 0, @now, @now, @now)
ON CONFLICT (subject, source) DO UPDATE SET touched_at = excluded.touched_at, noticed_at = excluded.noticed_at
WHERE tries.noticed_at <= @noticed_before;

-- name: ReleaseTries :exec
-- A counter without a source stands for all of its subject. They are locked in their order, as reserve_try does.
UPDATE tries SET failures = greatest(0, tries.failures - 1), streak = greatest(0, tries.streak - 1)
FROM (
  SELECT held.subject, held.source
  FROM jsonb_populate_recordset(NULL::tries, @released_tries::jsonb) AS counter
  JOIN tries AS held ON held.subject = (counter).subject AND held.source = coalesce((counter).source, held.source)
  ORDER BY held.subject, held.source FOR UPDATE OF held
) AS spared
WHERE tries.subject = spared.subject AND tries.source = spared.source;
