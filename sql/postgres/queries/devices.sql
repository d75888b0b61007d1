-- name: OutgrowDevices :exec
DELETE FROM devices WHERE devices.id IN (
  SELECT older.id FROM devices AS older WHERE older.user_id = @user_id AND older.id <> @id
  ORDER BY older.last_used_at DESC, older.id DESC OFFSET @others::int
);
