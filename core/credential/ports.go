// Package credential is about passwords: what makes a good one, hashing within bounds, forgetting,
// resetting and changing.
package credential

import (
	"context"

	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/lockout"
)

// Hasher turns passwords into hashes, a bounded number at a time.
type Hasher interface {
	// Hash makes a PHC string of a normalised password with the current parameters. KindUnavailable with
	// core.CodeOverloaded and a RetryAfter when the queue is full, or ctx's error.
	Hash(ctx context.Context, password string) (account.PasswordHash, error)
	// Verify compares at the cost of one hash, also for an empty or malformed hash, which never matches:
	// it then works on a decoy with the current parameters. stale means that a match was made with other
	// than the current parameters. Errors as of Hash.
	Verify(ctx context.Context, password string, hash account.PasswordHash) (match, stale bool, err error)
}

// Blocklist knows passwords that attackers try first.
type Blocklist interface {
	// Contains reports whether the normalised password is on the list. It keeps no copy of it, and may ask a
	// peer: call it outside a transaction, and only about a password that breaks no other rule. It answers by
	// what is at hand where the peer does not; an error means that nothing can be said, so that the password is
	// not taken. It ends with ctx.
	Contains(ctx context.Context, password string) (bool, error)
}

// Tries counts failed tries. A lockout.Tries is one, and says more.
type Tries interface {
	// Reserve counts one try before it is made, outside of transactions.
	Reserve(ctx context.Context, reservation lockout.Reservation) (lockout.Standing, error)
	// Release takes a try back that was reserved, but not made.
	Release(ctx context.Context, counters ...lockout.Counters) error
	// Clear forgets the counters, in ctx's transaction where there is one.
	Clear(ctx context.Context, counters ...lockout.Counters) error
}
