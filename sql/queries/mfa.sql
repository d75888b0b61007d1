-- name: CountFactors :one
SELECT count(*) FROM factors WHERE user_id = @user_id;

-- name: InsertFactor :exec
INSERT INTO factors (id, user_id, kind, label, sealed, last_step, created_at, confirmed_at, last_used_at)
VALUES (@id, @user_id, @kind, @label, @sealed, @last_step, @created_at, @confirmed_at, @last_used_at);

-- name: ListFactors :many
SELECT * FROM factors WHERE user_id = @user_id ORDER BY created_at, id;

-- name: ConfirmFactor :execrows
UPDATE factors SET confirmed_at = @now, last_used_at = @now, last_step = @step
WHERE id = @id AND user_id = @user_id AND confirmed_at IS NULL AND created_at > @since;

-- name: UseFactor :execrows
UPDATE factors SET last_used_at = @now, last_step = @step
WHERE id = @id AND user_id = @user_id AND confirmed_at IS NOT NULL AND last_step < @step;

-- name: DeleteFactor :execrows
DELETE FROM factors WHERE id = @id AND user_id = @user_id;

-- name: DeleteFactorsSince :execrows
DELETE FROM factors WHERE user_id = @user_id AND created_at >= @since;

-- name: InsertRecoveryCode :exec
INSERT INTO recovery_codes (user_id, digest, created_at) VALUES (@user_id, @digest, @created_at);

-- name: ListRecoveryCodes :many
SELECT digest FROM recovery_codes WHERE user_id = @user_id ORDER BY digest;

-- name: DeleteRecoveryCode :execrows
DELETE FROM recovery_codes WHERE user_id = @user_id AND digest = @digest;

-- name: DeleteRecoveryCodes :exec
DELETE FROM recovery_codes WHERE user_id = @user_id;
