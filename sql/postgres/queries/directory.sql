-- name: AccountsByIDs :many
SELECT * FROM accounts WHERE id = ANY(@ids::uuid[]);

-- name: UnkeyedNames :many
-- Users whose key is a guess, each locked before what says so, as those do who write it. Whoever is changed by somebody
-- else is left for later. Joined, the planner would read all users for each thousand.
SELECT id, name FROM users WHERE id = ANY(ARRAY(SELECT user_id FROM unkeyed_names ORDER BY user_id LIMIT @name_limit::int))
FOR NO KEY UPDATE SKIP LOCKED;

-- name: KeyNames :exec
WITH keyed AS (DELETE FROM unkeyed_names WHERE user_id = ANY(@ids::uuid[]))
UPDATE users SET name_key = given.key
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@keys::text[]) AS key) AS given
WHERE users.id = given.id AND users.name_key <> given.key;

-- name: ForgetUnkeyedNames :exec
-- Those of users who are gone.
DELETE FROM unkeyed_names WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = unkeyed_names.user_id);
