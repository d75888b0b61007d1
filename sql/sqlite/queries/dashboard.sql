-- name: CountsOf :many
-- All that was counted by the metrics, at one instant.
SELECT metric, value, n FROM stat_totals WHERE metric IN (sqlc.slice('metrics')) AND n <> 0;

-- name: SumsWithin :many
-- For each span, by its place, what was counted by its metric of values from its begin up to its end; all at one instant.
SELECT CAST(json_extract(span.value, '$.place') AS integer) AS place, CAST((
  SELECT coalesce(sum(stat_totals.n), 0) FROM stat_totals
  WHERE stat_totals.metric = json_extract(span.value, '$.metric') AND stat_totals.value >= json_extract(span.value, '$.begins')
    AND stat_totals.value < json_extract(span.value, '$.ends')
) AS integer) AS n
FROM json_each(@spans) AS span;
