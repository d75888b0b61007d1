package password

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/doorward/doorward/core"
)

// retryAfter is what a caller beyond the queue is told to wait: a full queue of the default length drains
// in two to three seconds, and every place that becomes free earlier is worth a try.
const retryAfter = time.Second

// Observer hears of hashes. Its methods hold up the worker and the caller: they return at once.
type Observer interface {
	// HashDone hears how long a hash waited for a worker and how long it took.
	HashDone(waited, took time.Duration)
	// HashRefused hears that the queue was full.
	HashRefused()
}

// silent is the Observer for those who have none.
type silent struct{}

// HashDone implements Observer.
func (silent) HashDone(_, _ time.Duration) {}

// HashRefused implements Observer.
func (silent) HashRefused() {}

// queue lets a bounded number of functions run at once, and a bounded number of callers wait for that, first
// come, first served.
type queue struct {
	places   chan struct{} // holds one token for each running function
	length   int64
	waiting  atomic.Int64
	observer Observer
	closing  atomic.Bool
	closed   chan struct{}
}

func newQueue(workers, length int, observer Observer) *queue {
	return &queue{
		places: make(chan struct{}, workers), length: int64(length), observer: observer, closed: make(chan struct{}),
	}
}

var errClosed = errors.New("password: the hasher is closed")

// do runs work in the calling goroutine once there is a place. Errors: core.CodeOverloaded when the queue
// is full, core.CodeUnavailable after close, and ctx's error when it ends before work has begun.
func (q *queue) do(ctx context.Context, work func()) error {
	arrived := time.Now()
	if err := q.enter(ctx); err != nil {
		return err
	}
	begun := time.Now()
	defer func() {
		q.observer.HashDone(begun.Sub(arrived), time.Since(begun))
		<-q.places
	}()
	work()
	return nil
}

func (q *queue) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if q.closing.Load() {
		return core.Unavailable(errClosed)
	}
	select {
	case q.places <- struct{}{}: // nobody waits, else the place would be theirs
		return nil
	default:
	}
	defer q.waiting.Add(-1)
	if q.waiting.Add(1) > q.length {
		q.observer.HashRefused()
		return overloaded()
	}
	select {
	case q.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-q.closed:
		return core.Unavailable(errClosed)
	}
}

func overloaded() error {
	refusal := core.NewError(core.KindUnavailable, core.CodeOverloaded, "Too many people are signing in right now. Please try again.")
	refusal.RetryAfter = retryAfter
	return refusal
}

// close lets nobody else in and takes every place, which comes after all who wait already. It is called once.
func (q *queue) close(ctx context.Context) error {
	q.closing.Store(true)
	for range cap(q.places) {
		select {
		case q.places <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	close(q.closed)
	return nil
}
