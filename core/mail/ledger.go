package mail

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
)

// LedgerQuery selects messages of the outbox. Its zero value selects all of them.
type LedgerQuery struct {
	State State
	Kind  Kind
}

// Ledger is the outbox as operators see it.
type Ledger interface {
	// Browse gives up to page.Limit messages that the query selects, without their payloads, by ID descending, which is
	// newest first, behind the ID of page.After.
	Browse(ctx context.Context, query LedgerQuery, page core.Page) ([]Envelope, error)
	// Find gives one message. core.ErrNotFound.
	Find(ctx context.Context, id core.ID) (Envelope, error)
	// Requeue makes a message that was given up due at now. core.ErrNotFound when it is not, or no more, given up.
	Requeue(ctx context.Context, id core.ID, now time.Time) error
}
