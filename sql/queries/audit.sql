-- name: EventsOfSubject :many
SELECT * FROM audit_log WHERE subject = @subject ORDER BY at DESC, id DESC LIMIT @page_limit;

-- name: EventsOfSubjectAfter :many
SELECT * FROM audit_log
WHERE subject = @subject AND (at < @after_at OR (at = @after_at AND id < @after_id))
ORDER BY at DESC, id DESC LIMIT @page_limit;
