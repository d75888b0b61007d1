-- name: RecentSignIns :many
-- Identifiers are made of the time, so that the newest sessions are the last ones of the primary key.
SELECT sessions.id, sessions.user_id, users.name, sessions.device_kind, sessions.browser, sessions.os, sessions.ip,
  sessions.location, sessions.created_at
FROM sessions JOIN users ON users.id = sessions.user_id
ORDER BY sessions.id DESC LIMIT @page_limit;
