-- name: AccountsByIDs :many
SELECT * FROM accounts WHERE id = ANY(@ids::uuid[]);
