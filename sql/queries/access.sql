-- name: CatalogueRev :one
SELECT rev FROM catalogue WHERE id = 1;

-- name: ListPermissions :many
SELECT * FROM permissions;

-- name: ListRoles :many
SELECT * FROM roles;

-- name: ListRolePermissions :many
SELECT role_permissions.role_id, permissions.key FROM role_permissions
JOIN permissions ON permissions.id = role_permissions.permission_id;

-- name: ListGroups :many
SELECT * FROM access_groups;

-- name: ListGroupPermissions :many
SELECT group_permissions.group_id, permissions.key FROM group_permissions
JOIN permissions ON permissions.id = group_permissions.permission_id;

-- name: UpdatePermission :execrows
UPDATE permissions SET description = @description, category = @category WHERE id = @id;

-- name: InsertPermission :exec
INSERT INTO permissions (id, key, description, category, system, created_at)
VALUES (@id, @key, @description, @category, @system, @created_at);

-- name: UpdateRole :execrows
UPDATE roles SET description = @description, second_factor_since = @second_factor_since, updated_at = @updated_at
WHERE id = @id;

-- name: InsertRoleDefinition :exec
INSERT INTO roles (id, name, description, system, second_factor_since, created_at, updated_at)
VALUES (@id, @name, @description, @system, @second_factor_since, @created_at, @updated_at);

-- name: UpdateGroup :execrows
UPDATE access_groups SET name = @name, description = @description, updated_at = @updated_at WHERE id = @id;

-- name: InsertGroup :exec
INSERT INTO access_groups (id, name, description, created_at, updated_at)
VALUES (@id, @name, @description, @created_at, @updated_at);

-- name: ClearRolePermissions :exec
DELETE FROM role_permissions WHERE role_id = @role_id;

-- name: ClearGroupPermissions :exec
DELETE FROM group_permissions WHERE group_id = @group_id;

-- name: RemovePermission :execrows
DELETE FROM permissions WHERE id = @id;

-- name: RemoveRole :execrows
DELETE FROM roles WHERE id = @id;

-- name: RemoveGroup :execrows
DELETE FROM access_groups WHERE id = @id;

-- name: ListUserRoles :many
SELECT role, assigned_by, assigned_at FROM user_roles WHERE user_id = @user_id;

-- name: ListUserGroups :many
SELECT group_id, assigned_by, assigned_at FROM user_groups WHERE user_id = @user_id;

-- name: RemoveUserRole :exec
DELETE FROM user_roles WHERE user_id = @user_id AND role = @role;

-- name: RemoveUserGroup :exec
DELETE FROM user_groups WHERE user_id = @user_id AND group_id = @group_id;
