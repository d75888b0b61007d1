package audit

import (
	"context"

	"github.com/doorward/doorward/core"
)

// Log keeps events for ever unchanged: the database itself refuses updates, and deletes before KeepUntil.
type Log interface {
	// Append adds the events, in ctx's transaction where there is one, so that they stand if and only if the act
	// commits. In a transaction it costs no round trip of its own: the events travel with the commit at the
	// latest, so an error may show only there. core.ErrConflict for an event that is there already;
	// KindUnavailable.
	Append(ctx context.Context, events ...Event) error
}

// History reads the log back.
type History interface {
	// Find gives up to page.Limit events that the query selects, newest first (by At, then ID, both descending),
	// behind page.After. The query is as Trail.Search has checked it. KindUnavailable.
	Find(ctx context.Context, query Query, page core.Page) ([]Event, error)
	// Get gives one event. core.ErrNotFound.
	Get(ctx context.Context, id core.ID) (Event, error)
}
