-- Whoever changes what somebody may do waits here for whoever does so already.
-- name: LockCatalogue :one
SELECT rev FROM catalogue WHERE id = 1 FOR UPDATE;

-- name: RaiseCatalogue :one
WITH raised AS (UPDATE catalogue SET rev = catalogue.rev + 1 WHERE catalogue.id = 1 RETURNING catalogue.rev)
INSERT INTO journal (subject, id, rev, at)
SELECT 'access', '00000000-0000-0000-0000-000000000000', raised.rev, @at FROM raised
RETURNING journal.rev;

-- name: GrantRole :execrows
INSERT INTO role_permissions (role_id, permission_id)
SELECT @role_id::uuid, permissions.id FROM permissions WHERE permissions.key = ANY(@keys::text[]);

-- name: GrantGroup :execrows
INSERT INTO group_permissions (group_id, permission_id)
SELECT @group_id::uuid, permissions.id FROM permissions WHERE permissions.key = ANY(@keys::text[]);

-- name: TouchUser :one
WITH touched AS (
  UPDATE users SET updated_at = @at, rev = users.rev + 1 WHERE users.id = @id RETURNING users.id, users.rev
)
INSERT INTO journal (subject, id, rev, at) SELECT 'user', touched.id, touched.rev, @at FROM touched
RETURNING journal.rev;
