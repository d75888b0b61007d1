-- +goose Up

-- What somebody did.
CREATE INDEX audit_log_by_actor ON audit_log (actor, at DESC, id DESC) WHERE actor IS NOT NULL;
-- What was done from an address.
CREATE INDEX audit_log_by_ip ON audit_log (ip, at DESC, id DESC) WHERE ip <> '';
-- What did not succeed.
CREATE INDEX audit_log_troubled ON audit_log (at DESC, id DESC) WHERE outcome <> 'success';
-- Who tried to prove who they are, and everything else by what it is: an event stands in one of the two.
CREATE INDEX audit_log_attempts ON audit_log (at DESC, id DESC)
  WHERE action IN ('session.reauthenticate', 'session.second_factor', 'session.sign_in');
CREATE INDEX audit_log_by_action ON audit_log (action, at DESC, id DESC)
  WHERE action NOT IN ('session.reauthenticate', 'session.second_factor', 'session.sign_in');
