// Package fill reads subjects that have a revision from their primary store: once for all who ask at the
// same time, and never so that a read which began before a revocation outlives it. It is what the caching
// adapters share. Flights makes the reads; Memory keeps what they gave, for a while, in this process.
package fill

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/doorward/doorward/core"
)

const (
	// Patience bounds one flight, and so how long a caller without a deadline waits.
	Patience = 2 * time.Second
	// maxAge is how old, counted from the beginning of its read, a value may be when it is handed out.
	// An older one is read again: nobody told this process what happened meanwhile, where the cache that
	// would is away. It leaves a second of the two that a revocation may take then.
	maxAge = time.Second
	// maxReads bounds the reads of one flight. From the third on there are pauses between them, from a
	// millisecond doubling to a quarter of a second, so that a primary that was set back behind what is
	// published is not asked without end.
	maxReads = 10
	pause    = time.Millisecond
)

// ErrOvertaken is what a read answers when it has learnt that there is a newer revision than it was given.
// It is tried again.
var ErrOvertaken = errors.New("a newer revision was published")

// errSuperseded is the cause when every read of a flight was overtaken or too slow.
var errSuperseded = errors.New("each read was overtaken or took too long")

// Value is what a read gives.
type Value[T any] struct {
	Held T
	// Rev is the revision of Held.
	Rev int64
	// ReadAt is when the read of the primary began, by the monotonic clock.
	ReadAt time.Time
}

// Read asks the primary. ctx is the flight's, which outlives any single caller and carries nothing of
// theirs: no transaction above all, so that only what is committed is ever kept.
type Read[T any] func(ctx context.Context) (Value[T], error)

// Flights shares one read among all who ask for a subject at the same time. Safe for concurrent use; the
// zero value is ready.
type Flights[T any] struct {
	mu     sync.Mutex
	flying map[core.ID]*flight[T]
}

type flight[T any] struct {
	landed chan struct{}
	// floor is the newest revision that was published while the flight was under way.
	floor int64
	value Value[T]
	err   error
}

// Do gives the subject by read, or by the read that is under way already. What it gives is no older than
// the newest revision that Raise had announced when the read ended. It waits as long as ctx and Patience
// allow. Errors: those of read, ctx's, and KindUnavailable when no read was fresh enough.
func (f *Flights[T]) Do(ctx context.Context, id core.ID, read Read[T]) (T, error) {
	return f.do(ctx, id, read, nil)
}

// do calls keep with what the flight brought before anybody is told that it has landed, and excluding Raise.
func (f *Flights[T]) do(ctx context.Context, id core.ID, read Read[T], keep func(Value[T])) (T, error) {
	f.mu.Lock()
	joined := f.flying[id]
	if joined == nil {
		joined = &flight[T]{landed: make(chan struct{})}
		if f.flying == nil {
			f.flying = make(map[core.ID]*flight[T])
		}
		f.flying[id] = joined
		go f.fly(id, joined, read, keep) //nolint:contextcheck // a flight outlives its callers, see Read
	}
	f.mu.Unlock()
	select {
	case <-joined.landed:
		return joined.value.Held, joined.err
	case <-ctx.Done():
		var none T
		return none, core.Unavailable(ctx.Err())
	}
}

func (f *Flights[T]) fly(id core.ID, own *flight[T], read Read[T], keep func(Value[T])) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	for n := range maxReads {
		if n > 1 {
			rest(ctx, pause<<(n-2))
		}
		if ctx.Err() != nil {
			break
		}
		value, err := read(ctx)
		if f.land(id, own, value, err, keep) {
			return
		}
	}
	f.land(id, own, Value[T]{}, core.Unavailable(errSuperseded), nil)
}

func rest(ctx context.Context, length time.Duration) {
	select {
	case <-time.After(length):
	case <-ctx.Done():
	}
}

// land ends the flight unless what it brings is superseded or too old.
func (f *Flights[T]) land(id core.ID, own *flight[T], value Value[T], err error, keep func(Value[T])) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if errors.Is(err, ErrOvertaken) || err == nil && (value.Rev < own.floor || time.Since(value.ReadAt) > maxAge) {
		return false
	}
	if err == nil && keep != nil {
		keep(value)
	}
	own.value, own.err = value, err
	delete(f.flying, id)
	close(own.landed)
	return true
}

// Raise makes the flight for the subject, if there is one, bring at least the revision.
func (f *Flights[T]) Raise(id core.ID, rev int64) { f.raise(id, rev, nil) }

// raise calls drop while no flight lands.
func (f *Flights[T]) raise(id core.ID, rev int64, drop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if own := f.flying[id]; own != nil {
		own.floor = max(own.floor, rev)
	}
	if drop != nil {
		drop()
	}
}
