package session

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
)

// Store keeps sessions. It reads and writes the primary.
type Store interface {
	// Open writes all of the opening for a user whose Rev still is UserRev and whose status is active, and ends
	// the user's oldest live sessions beyond the limit (EndEvicted), all atomically, also when many open at
	// once, and in ctx's transaction where there is one. It takes two statements in one round trip at the most.
	// core.ErrConflict when the user has changed; nothing is written then. The session's CreatedAt is the
	// instant at which liveness is judged and the evicted ones end; the oldest is by CreatedAt, then ID.
	Open(ctx context.Context, opening Opening) (evicted []core.Change, err error)
	// Refresh applies the rotation rule (see Session.Present) to the token in one statement, and gives the
	// session after it and its user. LastUsedAt and IdleExpiresAt are written for every living outcome, also
	// when the chain stays as it is; Rev is not raised. ErrNotFound when the token is not a living branch,
	// the session has ended or expired at rotation.Now, or its user is not active; nothing is changed then.
	Refresh(ctx context.Context, token Presented, rotation Rotation) (Session, account.User, error)
	// Find gives a session of any state. ErrNotFound. Inside a transaction the row is locked.
	Find(ctx context.Context, id core.ID) (Session, error)
	// List gives up to page.Limit live sessions of a user behind page.After, newest sign-in first (by
	// CreatedAt, then ID, both descending).
	List(ctx context.Context, user core.ID, now time.Time, page core.Page) ([]Session, error)
	// Prove records a fresh proof of identity: AuthTime and Factors are set, Rev rises and is journalled. The
	// chain stays as it is, so that Session.Current names the token that the client holds already: one more
	// branch would die unseen under a refresh that races it. ErrNotFound when the session is not live at
	// authTime.
	Prove(ctx context.Context, id core.ID, authTime time.Time, factors []string) (Session, core.Change, error)
}

// Ender ends sessions, with one statement. Every end raises the session's Rev, journals the change and writes the
// events in the same step, if and only if a session ends.
type Ender interface {
	// End ends one session of the user. ErrNotFound when there is no such live session of that user.
	End(
		ctx context.Context, user, id core.ID, reason EndReason, now time.Time, events ...audit.Event,
	) (core.Change, error)
	// EndAll ends the user's live sessions other than except (zero: all) and gives the changes.
	EndAll(
		ctx context.Context, user, except core.ID, reason EndReason, now time.Time, events ...audit.Event,
	) ([]core.Change, error)
}

// Lookup is what every authenticated request asks. Stores answer from the primary; caches decorate it.
type Lookup interface {
	// Session gives the session of any state, without its Chain. ErrNotFound.
	Session(ctx context.Context, id core.ID) (Session, error)
	// User gives the user of any status, without the password. ErrNotFound.
	User(ctx context.Context, id core.ID) (account.User, error)
}

// Journal is the list of changes that are committed and perhaps not yet announced. A change stands there
// from the instant that its writer gave to the act: CreatedAt of the session that evicts another, now of an
// end, authTime of a proof, UpdatedAt of a user.
type Journal interface {
	// Pending gives up to limit changes journalled before the instant, oldest first.
	Pending(ctx context.Context, before time.Time, limit int) ([]core.Change, error)
	// Clear removes changes that were announced. One that is gone already is no error.
	Clear(ctx context.Context, changes ...core.Change) error
}

// Publisher delivers changes to the caches of every replica.
type Publisher interface {
	// Publish makes every copy with a lower Rev stale, on all replicas. An older change never undoes a
	// newer one. Errors: KindUnavailable when the cache is away; some of the changes may then be
	// delivered.
	Publish(ctx context.Context, changes ...core.Change) error
}
