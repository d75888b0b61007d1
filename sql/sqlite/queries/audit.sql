-- name: InsertEvent :exec
INSERT INTO audit_log (
  id, at, action, outcome, reason, actor_kind, actor, subject, session_id, request_id, ip, user_agent, device,
  location, metadata, keep_until
) VALUES (
  @id, @at, @action, @outcome, @reason, @actor_kind, @actor, @subject, @session_id, @request_id, @ip, @user_agent,
  @device, @location, @metadata, @keep_until
);
