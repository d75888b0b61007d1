// Package idempotency lets a client repeat a call that it does not know the end of, without its work being done twice. A
// client marks the call with a key of its own; the first call with it runs, and what it was answered is kept, sealed,
// and given to each that comes after it (draft-ietf-httpapi-idempotency-key-header-07).
package idempotency

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
)

// Digest names the key of a caller: the SHA-256 of who they are, by what they came, and the key. The key itself is not
// kept.
type Digest [32]byte

// Record is what is known of a key.
type Record struct {
	Digest Digest
	// Run names the call that has the key. One that comes after its lease has another.
	Run core.ID
	// Fingerprint is a keyed digest of the call: bodies may hold what is guessed easily.
	Fingerprint []byte
	CreatedAt   time.Time
	// LeasedUntil is until when the call may take. One that has not ended by then counts as crashed.
	LeasedUntil time.Time
	// FinishedAt is when the call ended; zero for one that has not.
	FinishedAt time.Time
	// Reply is the sealed reply; nil where it is not kept.
	Reply []byte
	// ExpiresAt is until when the key is remembered.
	ExpiresAt time.Time
}

// Store keeps the records.
type Store interface {
	// Begin takes a key for the run of the record, where the key is free at CreatedAt: not there, expired, or that of a
	// run which did not finish within its lease. It gives the record itself then, and else the one that stands. Of many
	// at once one takes the key. core.ErrNotFound when the key was freed while it was looked at: ask again.
	// KindUnavailable: then nothing may be taken for granted, and nothing be done.
	Begin(ctx context.Context, record Record) (standing Record, err error)
	// Finish writes down that the run has ended, with its reply. core.ErrNotFound when the key is not the run's any
	// more, or it has finished already.
	Finish(ctx context.Context, digest Digest, run core.ID, reply []byte, at time.Time) error
	// Abandon frees the key of a run that came to nothing. core.ErrNotFound as with Finish.
	Abandon(ctx context.Context, digest Digest, run core.ID) error
}
