package recordlist

import (
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// eventColumns are those that readers know, in the order of the table. A newer release may have added others.
const eventColumns = "id, at, action, outcome, reason, actor_kind, actor, subject, session_id, request_id, ip, user_agent, " +
	"device, location, metadata, keep_until"

// newestEvents orders by columns that each index of the log ends with.
const newestEvents = "at DESC, id DESC"

// Events gives a statement, and its parameters, for up to page.Limit events that the query selects, newest first, behind
// page.After.
//
// What the conditions of the partial indexes say is said again as they say it, where the query implies it: SQLite looks
// for the very words, and PostgreSQL knows no parameters when it plans for all of them.
func Events(d Dialect, query audit.Query, page core.Page) (statement string, parameters []any) {
	s := selection{dialect: d}
	if !query.Actor.IsZero() {
		s.add("actor = ?", d.ID(query.Actor))
	}
	if !query.Subject.IsZero() {
		s.add("subject = ?", d.ID(query.Subject))
	}
	s.actions(query)
	if query.Outcome != "" {
		if query.Outcome != audit.Success {
			s.add("outcome <> 'success'")
		}
		s.add("outcome = ?", string(query.Outcome))
	}
	if query.IP != "" {
		s.add("ip <> ''")
		s.add("ip = ?", query.IP)
	}
	if !query.From.IsZero() {
		s.add("at >= ?", d.Time(query.From))
	}
	if !query.Until.IsZero() {
		s.add("at < ?", d.Time(query.Until))
	}
	if !page.After.IsZero() {
		s.add("(at, id) < (?, ?)", d.Time(page.After.At), d.ID(page.After.ID))
	}
	return s.finish("audit_log", eventColumns, newestEvents, page.Limit)
}

// actions adds what selects by action. Attempts and the other actions have an index each, so that every event stands in
// one of them.
func (s *selection) actions(query audit.Query) {
	prefix, family := query.Action.Family()
	switch {
	case query.Attempts || query.Action.IsAttempt():
		s.add("action IN (" + attempts + ")")
	case query.Action != "" && (!family || !holdsAttempts(prefix)):
		s.add("action NOT IN (" + attempts + ")")
	}
	switch {
	case family:
		// Behind the dot comes the slash: no text is between the two but those that begin with the one.
		s.add(s.dialect.Action+" >= ?", prefix)
		s.add(s.dialect.Action+" < ?", strings.TrimSuffix(prefix, ".")+"/")
	case query.Action != "":
		s.add(s.dialect.Action+" = ?", string(query.Action))
	}
}

// attempts are the actions of audit.Attempts, as the migration writes them.
var attempts = func() string {
	var names []string
	for _, action := range audit.Attempts() {
		names = append(names, "'"+string(action)+"'")
	}
	return strings.Join(names, ", ")
}()

func holdsAttempts(prefix string) bool {
	for _, action := range audit.Attempts() {
		if strings.HasPrefix(string(action), prefix) {
			return true
		}
	}
	return false
}
