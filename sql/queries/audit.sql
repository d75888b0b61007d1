-- name: Event :one
SELECT * FROM audit_log WHERE id = @id;
