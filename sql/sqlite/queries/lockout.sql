-- name: FindTry :one
SELECT * FROM tries WHERE subject = @subject AND source = @source;

-- name: PutTry :exec
INSERT INTO tries (subject, source, failures, streak, expires_at, touched_at)
VALUES (@subject, @source, @failures, @streak, @expires_at, @touched_at)
ON CONFLICT (subject, source) DO UPDATE SET
  failures = excluded.failures, streak = excluded.streak, expires_at = excluded.expires_at, touched_at = excluded.touched_at;

-- name: ClearTry :exec
DELETE FROM tries WHERE subject = @subject AND source = @source;

-- name: ClearSubject :exec
DELETE FROM tries WHERE subject = @subject;

-- name: RenewNotice :execrows
UPDATE tries SET touched_at = @now, noticed_at = @now
WHERE subject = @subject AND source = @source AND noticed_at <= @noticed_before;

-- name: InsertNotice :execrows
INSERT INTO tries (subject, source, failures, streak, expires_at, touched_at, noticed_at)
VALUES (@subject, @source, 0, 0, @now, @now, @now)
ON CONFLICT (subject, source) DO NOTHING;

-- name: ReleaseTry :exec
UPDATE tries SET failures = max(0, failures - 1), streak = max(0, streak - 1) WHERE subject = @subject AND source = @source;

-- name: ReleaseSubject :exec
UPDATE tries SET failures = max(0, failures - 1), streak = max(0, streak - 1) WHERE subject = @subject;
