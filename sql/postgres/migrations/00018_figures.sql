-- +goose NO TRANSACTION
-- +goose Up

-- How many accounts there are of each kind, and how many sign-ins there were, kept as they change. Everything here can be
-- run again: without a transaction around it, a run that was cut off has left some of it.
--
-- n counts what has the value by that metric: status, source, auth, second_factor, country and language of accounts; role
-- and group of memberships; created and sign_in of quarter hours and, as created_day and sign_in_day, of days (UTC).
CREATE TABLE IF NOT EXISTS stat_totals (
  metric text COLLATE "C" NOT NULL,
  value  text COLLATE "C" NOT NULL,
  n      bigint NOT NULL,
  PRIMARY KEY (metric, value)
);

-- What has changed and is not in the totals yet. Rows are only added, so that nobody who writes waits for somebody else
-- who counts the same; whoever folds moves them into the totals. What there is, is both together.
CREATE TABLE IF NOT EXISTS stat_deltas (
  metric text COLLATE "C" NOT NULL,
  value  text COLLATE "C" NOT NULL,
  n      bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX IF NOT EXISTS stat_deltas_by_metric ON stat_deltas (metric, value);

CREATE OR REPLACE VIEW stat_counts AS
SELECT metric, value, n FROM stat_totals UNION ALL SELECT metric, value, n FROM stat_deltas;

-- All offsets of time zones in use are whole quarters of an hour, so that days of any zone can be summed of these.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION stat_quarter(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(date_bin('15 minutes', at, '1970-01-01T00:00:00Z') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI')
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION stat_day(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
$$;
-- +goose StatementEnd

-- What one account is counted as. It is the one place that says so.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION stat_of_user(
  status text, source text, password_hash text, country text, locale text, created_at timestamptz
) RETURNS TABLE (metric text, value text) LANGUAGE sql STABLE AS $$
  SELECT * FROM (VALUES
    ('status', status), ('source', source), ('auth', CASE WHEN password_hash IS NULL THEN 'none' ELSE 'password' END),
    ('country', country), ('language', lower(split_part(locale, '-', 1))),
    ('created', stat_quarter(created_at)), ('created_day', stat_day(created_at))
  ) AS counted (metric, value)
$$;
-- +goose StatementEnd

-- One statement, of however many rows, adds one row for each value that it touches.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION stat_users() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO stat_deltas SELECT counted.metric, counted.value, count(*)
    FROM fresh AS u, stat_of_user(u.status, u.source, u.password_hash, u.country, u.locale, u.created_at) AS counted
    GROUP BY counted.metric, counted.value;
  ELSE
    INSERT INTO stat_deltas SELECT counted.metric, counted.value, -count(*)
    FROM gone AS u, stat_of_user(u.status, u.source, u.password_hash, u.country, u.locale, u.created_at) AS counted
    GROUP BY counted.metric, counted.value;
  END IF;
  RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION stat_users_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO stat_deltas SELECT changed.metric, changed.value, sum(changed.n) FROM (
    SELECT metric, value, -1 AS n
    FROM stat_of_user(OLD.status, OLD.source, OLD.password_hash, OLD.country, OLD.locale, OLD.created_at)
    UNION ALL
    SELECT metric, value, 1
    FROM stat_of_user(NEW.status, NEW.source, NEW.password_hash, NEW.country, NEW.locale, NEW.created_at)
  ) AS changed
  GROUP BY changed.metric, changed.value HAVING sum(changed.n) <> 0;
  RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION stat_roles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO stat_deltas SELECT 'role', role, count(*) FROM fresh GROUP BY role;
  ELSE
    INSERT INTO stat_deltas SELECT 'role', role, -count(*) FROM gone GROUP BY role;
  END IF;
  RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION stat_groups() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO stat_deltas SELECT 'group', group_id::text, count(*) FROM fresh GROUP BY group_id;
  ELSE
    INSERT INTO stat_deltas SELECT 'group', group_id::text, -count(*) FROM gone GROUP BY group_id;
  END IF;
  RETURN NULL;
END
$$;
-- +goose StatementEnd

-- A session is a sign-in that was let in. That it ends or is removed later takes nothing back.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION stat_sign_ins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO stat_deltas SELECT counted.metric, counted.value, count(*)
  FROM fresh, LATERAL (VALUES
    ('sign_in', stat_quarter(fresh.created_at)), ('sign_in_day', stat_day(fresh.created_at))
  ) AS counted (metric, value)
  GROUP BY counted.metric, counted.value;
  RETURN NULL;
END
$$;
-- +goose StatementEnd

-- An account counts once for each kind of second factor that it has, and once as any. Whoever changes the factors of an
-- account holds its row, so that what others there are does not change meanwhile.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION stat_factors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO stat_deltas SELECT 'second_factor', touched.kind, count(*) FROM (
      SELECT DISTINCT fresh.user_id, counted.kind FROM fresh, LATERAL (VALUES (fresh.kind), ('any')) AS counted (kind)
      WHERE fresh.confirmed_at IS NOT NULL
    ) AS touched
    WHERE NOT EXISTS (
      SELECT FROM factors WHERE factors.user_id = touched.user_id AND factors.confirmed_at IS NOT NULL
        AND (factors.kind = touched.kind OR touched.kind = 'any') AND NOT EXISTS (SELECT FROM fresh WHERE fresh.id = factors.id)
    )
    GROUP BY touched.kind;
  ELSE
    INSERT INTO stat_deltas SELECT 'second_factor', touched.kind, -count(*) FROM (
      SELECT DISTINCT gone.user_id, counted.kind FROM gone, LATERAL (VALUES (gone.kind), ('any')) AS counted (kind)
      WHERE gone.confirmed_at IS NOT NULL
    ) AS touched
    WHERE NOT EXISTS (
      SELECT FROM factors WHERE factors.user_id = touched.user_id AND factors.confirmed_at IS NOT NULL
        AND (factors.kind = touched.kind OR touched.kind = 'any')
    )
    GROUP BY touched.kind;
  END IF;
  RETURN NULL;
END
$$;
-- +goose StatementEnd

-- Factors are confirmed one at a time.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION stat_factor_confirmed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO stat_deltas SELECT 'second_factor', counted.kind, CASE WHEN NEW.confirmed_at IS NULL THEN -1 ELSE 1 END
  FROM (VALUES (NEW.kind), ('any')) AS counted (kind)
  WHERE NOT EXISTS (
    SELECT FROM factors WHERE factors.user_id = NEW.user_id AND factors.id <> NEW.id AND factors.confirmed_at IS NOT NULL
      AND (factors.kind = counted.kind OR counted.kind = 'any')
  );
  RETURN NULL;
END
$$;
-- +goose StatementEnd

-- Who empties a table takes back all that it counted for, which the arguments name.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION stat_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO stat_deltas SELECT metric, value, -sum(n) FROM stat_counts
  WHERE metric = ANY (string_to_array(TG_ARGV[0], ' ')) GROUP BY metric, value HAVING sum(n) <> 0;
  RETURN NULL;
END
$$;
-- +goose StatementEnd

-- A change that touches nothing of what is counted, which most are, costs the comparison alone.
CREATE OR REPLACE TRIGGER stat_added AFTER INSERT ON users
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION stat_users();
CREATE OR REPLACE TRIGGER stat_removed AFTER DELETE ON users
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION stat_users();
CREATE OR REPLACE TRIGGER stat_changed AFTER UPDATE ON users FOR EACH ROW
  WHEN (
    OLD.status IS DISTINCT FROM NEW.status OR OLD.source IS DISTINCT FROM NEW.source OR
    (OLD.password_hash IS NULL) IS DISTINCT FROM (NEW.password_hash IS NULL) OR OLD.country IS DISTINCT FROM NEW.country OR
    OLD.locale IS DISTINCT FROM NEW.locale OR OLD.created_at IS DISTINCT FROM NEW.created_at
  )
  EXECUTE FUNCTION stat_users_changed();
CREATE OR REPLACE TRIGGER stat_emptied AFTER TRUNCATE ON users FOR EACH STATEMENT
  EXECUTE FUNCTION stat_emptied('status source auth country language created created_day');

CREATE OR REPLACE TRIGGER stat_added AFTER INSERT ON user_roles
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION stat_roles();
CREATE OR REPLACE TRIGGER stat_removed AFTER DELETE ON user_roles
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION stat_roles();
CREATE OR REPLACE TRIGGER stat_emptied AFTER TRUNCATE ON user_roles FOR EACH STATEMENT EXECUTE FUNCTION stat_emptied('role');

CREATE OR REPLACE TRIGGER stat_added AFTER INSERT ON user_groups
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION stat_groups();
CREATE OR REPLACE TRIGGER stat_removed AFTER DELETE ON user_groups
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION stat_groups();
CREATE OR REPLACE TRIGGER stat_emptied AFTER TRUNCATE ON user_groups FOR EACH STATEMENT EXECUTE FUNCTION stat_emptied('group');

CREATE OR REPLACE TRIGGER stat_added AFTER INSERT ON sessions
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION stat_sign_ins();
CREATE OR REPLACE TRIGGER stat_emptied AFTER TRUNCATE ON sessions FOR EACH STATEMENT
  EXECUTE FUNCTION stat_emptied('sign_in sign_in_day');

CREATE OR REPLACE TRIGGER stat_added AFTER INSERT ON factors
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION stat_factors();
CREATE OR REPLACE TRIGGER stat_removed AFTER DELETE ON factors
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION stat_factors();
CREATE OR REPLACE TRIGGER stat_changed AFTER UPDATE ON factors FOR EACH ROW
  WHEN ((OLD.confirmed_at IS NULL) <> (NEW.confirmed_at IS NULL)) EXECUTE FUNCTION stat_factor_confirmed();
CREATE OR REPLACE TRIGGER stat_emptied AFTER TRUNCATE ON factors FOR EACH STATEMENT
  EXECUTE FUNCTION stat_emptied('second_factor');

-- What is there already. Every trigger stands, so that whatever this statement does not see will be counted; what it sees
-- and was counted meanwhile it takes back: one statement sees one instant. It waits for nobody and nobody for it.
WITH counted_twice AS (DELETE FROM stat_deltas)
INSERT INTO stat_totals (metric, value, n)
SELECT counted.metric, counted.value, count(*)
FROM users AS u, stat_of_user(u.status, u.source, u.password_hash, u.country, u.locale, u.created_at) AS counted
GROUP BY counted.metric, counted.value
UNION ALL
SELECT 'role', role, count(*) FROM user_roles GROUP BY role
UNION ALL
SELECT 'group', group_id::text, count(*) FROM user_groups GROUP BY group_id
UNION ALL
SELECT 'second_factor', kind, count(DISTINCT user_id) FROM factors WHERE confirmed_at IS NOT NULL GROUP BY kind
UNION ALL
SELECT 'second_factor', 'any', count(DISTINCT user_id) FROM factors WHERE confirmed_at IS NOT NULL
UNION ALL
SELECT 'sign_in', stat_quarter(created_at), count(*) FROM sessions GROUP BY 2
UNION ALL
SELECT 'sign_in_day', stat_day(created_at), count(*) FROM sessions GROUP BY 2
ON CONFLICT (metric, value) DO UPDATE SET n = excluded.n;
