-- name: CountsOf :many
-- All that was counted by the metrics, at one instant.
SELECT metric, value, CAST(sum(n) AS bigint) AS n FROM stat_counts WHERE metric = ANY (@metrics::text[])
GROUP BY metric, value HAVING sum(n) <> 0;

-- name: SumsWithin :many
-- For each span, by its place, what was counted by its metric of values from its begin up to its end; all at one instant.
SELECT span.place::int AS place, CAST((
  SELECT coalesce(sum(stat_counts.n), 0) FROM stat_counts
  WHERE stat_counts.metric = span.metric AND stat_counts.value >= span.begins AND stat_counts.value < span.ends
) AS bigint) AS n
FROM jsonb_to_recordset(@spans::jsonb) AS span (place int, metric text, begins text, ends text);

-- name: FoldFigures :one
-- Moves up to so many changes into the totals, in one order, so that of several who fold none waits for another in a
-- circle. What somebody else is folding is left to them.
WITH folded AS (
  DELETE FROM stat_deltas
  WHERE ctid = ANY (ARRAY(SELECT ctid FROM stat_deltas LIMIT @most FOR UPDATE SKIP LOCKED))
  RETURNING metric, value, n
), added AS (
  INSERT INTO stat_totals (metric, value, n)
  SELECT folded.metric, folded.value, sum(folded.n) FROM folded GROUP BY folded.metric, folded.value ORDER BY folded.metric, folded.value
  ON CONFLICT (metric, value) DO UPDATE SET n = stat_totals.n + excluded.n
)
SELECT count(*) FROM folded;
