-- +goose Up

-- Counts one try at a subject for all of the sources, where each has room, and what a client is shown for itself. It
-- is the rule of lockout.Reservation.Decide, and gives whether the try is allowed, whether it sets a lock if it fails
-- (each 0 or 1), and how many more are shown. Those of one subject queue up at the lock; what follows it sees what
-- the one before has counted. Rows are locked in the order of their sources.
-- +goose StatementBegin
CREATE FUNCTION reserve_try(
  guessed text, sources text[], shown text, shown_source text, moment timestamptz, until timestamptz,
  max_tries integer, max_streak integer
) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
  allowed boolean;
  locks   boolean := false;
  remain  integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(guessed, 13));
  allowed := NOT EXISTS (
    SELECT FROM tries WHERE subject = guessed AND source = ANY (sources)
      AND (failures >= max_tries AND expires_at > moment OR streak >= max_streak AND source NOT LIKE 'address/%')
  );
  IF allowed THEN
    INSERT INTO tries AS held (subject, source, failures, streak, expires_at, touched_at)
    SELECT guessed, named, 1, 1, until, moment FROM unnest(sources) AS named ORDER BY named
    ON CONFLICT (subject, source) DO UPDATE SET
      failures = CASE WHEN held.expires_at > moment THEN held.failures ELSE 0 END + 1,
      streak = held.streak + 1, expires_at = until, touched_at = moment;
    SELECT bool_or(failures >= max_tries OR streak >= max_streak AND source NOT LIKE 'address/%') INTO locks
    FROM tries WHERE subject = guessed AND source = ANY (sources);
  END IF;
  IF shown <> '' THEN
    INSERT INTO tries AS held (subject, source, failures, streak, expires_at, touched_at)
    VALUES (shown, shown_source, 1, 1, until, moment)
    ON CONFLICT (subject, source) DO UPDATE SET
      failures = CASE WHEN held.expires_at <= moment THEN 1 ELSE least(held.failures + 1, max_tries) END,
      expires_at = CASE WHEN held.expires_at > moment AND held.failures >= max_tries THEN held.expires_at ELSE until END,
      streak = held.streak + 1, touched_at = moment
    RETURNING max_tries - failures INTO remain;
  END IF;
  RETURN ARRAY[allowed::integer, locks::integer, remain];
END
$$;
-- +goose StatementEnd
