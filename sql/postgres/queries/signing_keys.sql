-- name: LockSigningKeys :exec
SELECT pg_advisory_xact_lock(hashtextextended('signing_keys', 12));
