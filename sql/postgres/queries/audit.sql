-- name: AppendEvents :exec
-- The members of the JSON objects are the columns; what is missing is null. A column that is added to the table must
-- therefore admit null, for as long as older replicas write beside newer ones.
INSERT INTO audit_log SELECT (event).* FROM jsonb_populate_recordset(NULL::audit_log, @events::jsonb) AS event;
