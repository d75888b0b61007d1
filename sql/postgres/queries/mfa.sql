-- name: LockUser :exec
-- What changes the factors of one user queues up here: the number of them is counted, and a set of codes replaced,
-- by one at a time.
SELECT id FROM users WHERE id = @user_id FOR NO KEY UPDATE;
