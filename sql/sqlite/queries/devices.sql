-- name: OutgrowDevices :exec
DELETE FROM devices WHERE id IN (
  SELECT older.id FROM devices AS older WHERE older.user_id = @user_id AND older.id <> @id
  ORDER BY older.last_used_at DESC, older.id DESC LIMIT -1 OFFSET @others
);

-- name: FindKnownDevice :one
SELECT * FROM devices
WHERE digest = @digest AND user_id = @user_id AND expires_at > @now AND browser = @browser AND os = @os;

-- name: RenewDevice :exec
UPDATE devices SET
  digest = @digest, user_agent = @user_agent, kind = @kind, browser = @browser, os = @os, ip = @ip, location = @location,
  last_used_at = @last_used_at, expires_at = @expires_at, trusted_until = @trusted_until
WHERE id = @id AND user_id = @user_id;

-- name: CountTraces :one
-- What tells that a user has been signed in before.
SELECT (SELECT count(*) FROM sessions WHERE sessions.user_id = @user_id) + (SELECT count(*) FROM devices WHERE devices.user_id = @user_id);
