-- name: AccountsByIDs :many
SELECT * FROM accounts WHERE id IN (sqlc.slice('ids'));
