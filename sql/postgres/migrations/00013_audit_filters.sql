-- +goose NO TRANSACTION
-- +goose Up

-- The log is written while its indexes are built. A build that was cut short leaves an index behind that is kept up and
-- never read: such ones go first. The builds wait for transactions that are under way, which harms nobody, and so as
-- long as it takes.
-- +goose StatementBegin
DO $$
DECLARE
  broken regclass;
BEGIN
  FOR broken IN SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'audit_log'::regclass AND NOT indisvalid LOOP
    EXECUTE 'DROP INDEX ' || broken;
  END LOOP;
END
$$;
-- +goose StatementEnd
SELECT set_config('doorward.lock_timeout', current_setting('lock_timeout'), false), set_config('lock_timeout', '0', false);

-- What somebody did.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_by_actor ON audit_log (actor, at DESC, id DESC) WHERE actor IS NOT NULL;
-- What was done from an address.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_by_ip ON audit_log (ip, at DESC, id DESC) WHERE ip <> '';
-- What did not succeed.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_troubled ON audit_log (at DESC, id DESC) WHERE outcome <> 'success';
-- Who tried to prove who they are, and everything else by what it is: an event stands in one of the two.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_attempts ON audit_log (at DESC, id DESC)
  WHERE action IN ('session.reauthenticate', 'session.second_factor', 'session.sign_in');
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_by_action ON audit_log (action COLLATE "C", at DESC, id DESC)
  WHERE action NOT IN ('session.reauthenticate', 'session.second_factor', 'session.sign_in');

SELECT set_config('lock_timeout', current_setting('doorward.lock_timeout'), false);
