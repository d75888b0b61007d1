package recordlist

import (
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
)

// messageColumns are those of the outbox in the order of the table; the payload is left where it is.
const messageColumns = "id, kind, recipient, NULL AS payload, state, attempts, last_error, created_at, next_at, sent_at"

// Messages gives a statement, and its parameters, for up to page.Limit messages that the query selects, newest first,
// behind page.After. Identifiers rise with time, so that the key gives the order; of states the words stand in the
// text, for the sake of the partial indexes.
func Messages(d Dialect, query mail.LedgerQuery, page core.Page) (statement string, parameters []any) {
	s := selection{dialect: d}
	if query.State != "" {
		s.add("state = '" + string(stateOf(query.State)) + "'")
	}
	if query.Kind != "" {
		s.add("kind = ?", string(query.Kind))
	}
	if !page.After.IsZero() {
		s.add("id < ?", d.ID(page.After.ID))
	}
	return s.finish("outbox", messageColumns, "id DESC", page.Limit)
}

// stateOf keeps whatever else a caller may have written out of the text.
func stateOf(state mail.State) mail.State {
	switch state {
	case mail.StateQueued, mail.StateSent, mail.StateFailed:
		return state
	default:
		return "none"
	}
}
