-- name: InsertDevice :exec
INSERT INTO devices (
  id, user_id, digest, user_agent, kind, browser, os, ip, location, created_at, last_used_at, expires_at, trusted_until
) VALUES (
  @id, @user_id, @digest, @user_agent, @kind, @browser, @os, @ip, @location, @created_at, @last_used_at, @expires_at, @trusted_until
);

-- name: ListDevices :many
SELECT * FROM devices WHERE user_id = @user_id AND expires_at > @now
ORDER BY created_at DESC, id DESC LIMIT @page_limit;

-- name: ListDevicesAfter :many
SELECT * FROM devices WHERE user_id = @user_id AND expires_at > @now
  AND (created_at < @after_at OR (created_at = @after_at AND id < @after_id))
ORDER BY created_at DESC, id DESC LIMIT @page_limit;

-- name: ForgetDevice :execrows
DELETE FROM devices WHERE id = @id AND user_id = @user_id;

-- name: ForgetDevices :exec
DELETE FROM devices WHERE user_id = @user_id;
