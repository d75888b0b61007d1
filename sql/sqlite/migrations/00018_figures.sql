-- +goose Up

-- How many accounts there are of each kind, and how many sign-ins there were, kept as they change: with one writer at a
-- time the totals can be kept directly.
--
-- n counts what has the value by that metric: status, source, auth, second_factor, country and language of accounts; role
-- and group of memberships; created and sign_in of quarter hours and, as created_day and sign_in_day, of days (UTC).
CREATE TABLE stat_totals (
  metric text NOT NULL,
  value  text NOT NULL,
  n      integer NOT NULL,
  PRIMARY KEY (metric, value)
) WITHOUT ROWID;

CREATE VIEW stat_counts AS SELECT metric, value, n FROM stat_totals;

-- What one account is counted as: who writes a row here counts it n times. It is the one place that says so. All offsets
-- of time zones in use are whole quarters of an hour, so that days of any zone can be summed of these.
CREATE VIEW stat_accounts AS
SELECT 0 AS n, '' AS status, '' AS source, '' AS password_hash, '' AS country, '' AS locale, 0 AS created_at;
-- +goose StatementBegin
CREATE TRIGGER stat_accounts_counted INSTEAD OF INSERT ON stat_accounts BEGIN
  INSERT INTO stat_totals (metric, value, n) VALUES
    ('status', NEW.status, NEW.n),
    ('source', NEW.source, NEW.n),
    ('auth', CASE WHEN NEW.password_hash IS NULL THEN 'none' ELSE 'password' END, NEW.n),
    ('country', NEW.country, NEW.n),
    ('language', lower(substr(NEW.locale, 1, instr(NEW.locale || '-', '-') - 1)), NEW.n),
    ('created', strftime('%Y-%m-%dT%H:%M', NEW.created_at / 900000000 * 900, 'unixepoch'), NEW.n),
    ('created_day', strftime('%Y-%m-%d', NEW.created_at / 1000000, 'unixepoch'), NEW.n)
  ON CONFLICT (metric, value) DO UPDATE SET n = n + excluded.n;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER stat_users_added AFTER INSERT ON users BEGIN
  INSERT INTO stat_accounts VALUES (1, NEW.status, NEW.source, NEW.password_hash, NEW.country, NEW.locale, NEW.created_at);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stat_users_removed AFTER DELETE ON users BEGIN
  INSERT INTO stat_accounts VALUES (-1, OLD.status, OLD.source, OLD.password_hash, OLD.country, OLD.locale, OLD.created_at);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stat_users_changed AFTER UPDATE ON users
WHEN OLD.status IS NOT NEW.status OR OLD.source IS NOT NEW.source OR (OLD.password_hash IS NULL) <> (NEW.password_hash IS NULL)
  OR OLD.country IS NOT NEW.country OR OLD.locale IS NOT NEW.locale OR OLD.created_at IS NOT NEW.created_at
BEGIN
  INSERT INTO stat_accounts VALUES
    (-1, OLD.status, OLD.source, OLD.password_hash, OLD.country, OLD.locale, OLD.created_at),
    (1, NEW.status, NEW.source, NEW.password_hash, NEW.country, NEW.locale, NEW.created_at);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER stat_roles_added AFTER INSERT ON user_roles BEGIN
  INSERT INTO stat_totals (metric, value, n) VALUES ('role', NEW.role, 1)
  ON CONFLICT (metric, value) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stat_roles_removed AFTER DELETE ON user_roles BEGIN
  UPDATE stat_totals SET n = n - 1 WHERE metric = 'role' AND value = OLD.role;
END;
-- +goose StatementEnd

-- Groups go by their id as it is written.
-- +goose StatementBegin
CREATE TRIGGER stat_groups_added AFTER INSERT ON user_groups BEGIN
  INSERT INTO stat_totals (metric, value, n) VALUES ('group', (
    WITH id (h) AS (SELECT lower(hex(NEW.group_id)))
    SELECT substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-' || substr(h, 13, 4) || '-' || substr(h, 17, 4) || '-' || substr(h, 21)
    FROM id
  ), 1)
  ON CONFLICT (metric, value) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stat_groups_removed AFTER DELETE ON user_groups BEGIN
  UPDATE stat_totals SET n = n - 1 WHERE metric = 'group' AND value = (
    WITH id (h) AS (SELECT lower(hex(OLD.group_id)))
    SELECT substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-' || substr(h, 13, 4) || '-' || substr(h, 17, 4) || '-' || substr(h, 21)
    FROM id
  );
END;
-- +goose StatementEnd

-- A session is a sign-in that was let in. That it ends or is removed later takes nothing back.
-- +goose StatementBegin
CREATE TRIGGER stat_sign_ins AFTER INSERT ON sessions BEGIN
  INSERT INTO stat_totals (metric, value, n) VALUES
    ('sign_in', strftime('%Y-%m-%dT%H:%M', NEW.created_at / 900000000 * 900, 'unixepoch'), 1),
    ('sign_in_day', strftime('%Y-%m-%d', NEW.created_at / 1000000, 'unixepoch'), 1)
  ON CONFLICT (metric, value) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- An account counts once for each kind of second factor that it has, and once as any.
-- +goose StatementBegin
CREATE TRIGGER stat_factors_added AFTER INSERT ON factors WHEN NEW.confirmed_at IS NOT NULL BEGIN
  INSERT INTO stat_totals (metric, value, n)
  SELECT 'second_factor', counted.kind, 1 FROM (SELECT NEW.kind AS kind UNION ALL SELECT 'any') AS counted
  WHERE NOT EXISTS (
    SELECT 1 FROM factors WHERE factors.user_id = NEW.user_id AND factors.id <> NEW.id AND factors.confirmed_at IS NOT NULL
      AND (factors.kind = counted.kind OR counted.kind = 'any')
  )
  ON CONFLICT (metric, value) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stat_factors_confirmed AFTER UPDATE ON factors WHEN OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL BEGIN
  INSERT INTO stat_totals (metric, value, n)
  SELECT 'second_factor', counted.kind, 1 FROM (SELECT NEW.kind AS kind UNION ALL SELECT 'any') AS counted
  WHERE NOT EXISTS (
    SELECT 1 FROM factors WHERE factors.user_id = NEW.user_id AND factors.id <> NEW.id AND factors.confirmed_at IS NOT NULL
      AND (factors.kind = counted.kind OR counted.kind = 'any')
  )
  ON CONFLICT (metric, value) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stat_factors_removed AFTER DELETE ON factors WHEN OLD.confirmed_at IS NOT NULL BEGIN
  UPDATE stat_totals SET n = n - 1 WHERE metric = 'second_factor' AND value IN (OLD.kind, 'any') AND NOT EXISTS (
    SELECT 1 FROM factors WHERE factors.user_id = OLD.user_id AND factors.confirmed_at IS NOT NULL
      AND (factors.kind = stat_totals.value OR stat_totals.value = 'any')
  );
END;
-- +goose StatementEnd

-- What is there already.
INSERT INTO stat_accounts SELECT 1, status, source, password_hash, country, locale, created_at FROM users;
INSERT INTO stat_totals (metric, value, n)
SELECT 'role', role, count(*) FROM user_roles GROUP BY role
UNION ALL
SELECT 'second_factor', kind, count(DISTINCT user_id) FROM factors WHERE confirmed_at IS NOT NULL GROUP BY kind
UNION ALL
SELECT 'second_factor', 'any', count(DISTINCT user_id) FROM factors WHERE confirmed_at IS NOT NULL
UNION ALL
SELECT 'sign_in', strftime('%Y-%m-%dT%H:%M', created_at / 900000000 * 900, 'unixepoch') AS quarter, count(*) FROM sessions GROUP BY quarter
UNION ALL
SELECT 'sign_in_day', strftime('%Y-%m-%d', created_at / 1000000, 'unixepoch') AS day, count(*) FROM sessions GROUP BY day;
