-- name: RaiseCatalogue :one
UPDATE catalogue SET rev = rev + 1 WHERE id = 1 RETURNING rev;

-- name: GrantRole :exec
INSERT INTO role_permissions (role_id, permission_id) VALUES (@role_id, @permission_id);

-- name: GrantGroup :exec
INSERT INTO group_permissions (group_id, permission_id) VALUES (@group_id, @permission_id);

-- name: CountRoles :one
SELECT count(*) FROM roles WHERE name = @name;

-- name: CountGroups :one
SELECT count(*) FROM access_groups WHERE id = @id;

-- name: TouchUser :one
UPDATE users SET updated_at = @at, rev = rev + 1 WHERE id = @id RETURNING rev;
