package valkey

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/doorward/doorward/adapters/internal/fill"
	"github.com/doorward/doorward/core"
)

const (
	// localSize is how many sessions and how many users have local copies: some 100 MiB when both are full.
	localSize = 1 << 15
	// localMemory is how long, from the beginning of its read, an answer of the primary serves while Valkey
	// is not trusted.
	localMemory = time.Second
)

// form is how one kind of subject is read and written.
type form[T any] struct {
	read   func(ctx context.Context, id core.ID) (T, error)
	rev    func(T) int64
	encode func(T) []byte
	decode func([]byte) (T, error)
}

// copies looks up one kind of subject: in the local copies, in Valkey, in the primary.
type copies[T any] struct {
	link     *Link
	subject  core.Subject
	form     form[T]
	observer Observer
	local    *otter.Cache[core.ID, *localCopy[T]]
	fetches  fill.Flights[T]
	// memory serves while Valkey is not trusted.
	memory *fill.Memory[T]
}

// localCopy is what a connection brought. It is decoded when it is first wanted, and not by the goroutine
// that reads the connection.
type localCopy[T any] struct {
	origin origin
	entry  entry
	once   sync.Once
	held   T
	err    error
}

func (c *localCopy[T]) decoded(decode func([]byte) (T, error)) (T, error) {
	c.once.Do(func() {
		c.held, c.err = decode([]byte(c.entry.body))
		c.entry.body = "" // its memory is not needed any more
	})
	return c.held, c.err
}

func newCopies[T any](link *Link, subject core.Subject, size int, form form[T], observer Observer) *copies[T] {
	return &copies[T]{
		link:     link,
		subject:  subject,
		form:     form,
		observer: observer,
		local:    otter.Must(&otter.Options[core.ID, *localCopy[T]]{MaximumSize: size}),
		memory:   fill.NewMemory[T](size),
	}
}

// put implements shelf.
func (c *copies[T]) put(id core.ID, copied entry, from origin) {
	c.local.Set(id, &localCopy[T]{origin: from, entry: copied})
}

// drop implements shelf.
func (c *copies[T]) drop(id core.ID) { c.local.Invalidate(id) }

// raise makes this process forget what is below the revision, also where a read is under way.
func (c *copies[T]) raise(id core.ID, rev int64) {
	c.fetches.Raise(id, rev)
	c.memory.Raise(id, rev)
	c.local.ComputeIfPresent(id, func(held *localCopy[T]) (*localCopy[T], otter.ComputeOp) {
		if held.entry.rev < rev {
			return nil, otter.InvalidateOp
		}
		return held, otter.CancelOp
	})
}

func (c *copies[T]) lookUp(ctx context.Context, id core.ID) (T, error) {
	now := c.link.elapsed()
	state := c.link.pulse.at(now)
	if state == nil || !state.settled {
		return c.fallBack(ctx, id, memoryFor(state))
	}
	if found, ok := c.local.GetIfPresent(id); ok && found.origin.valid(now, state.epoch) {
		if held, err := found.decoded(c.form.decode); err == nil {
			c.observer.LookedUp(c.subject, ResultHit)
			return held, nil
		}
	}
	if c.link.slow.Load() {
		return c.fallBack(ctx, id, 0)
	}
	c.observer.LookedUp(c.subject, ResultMiss)
	return c.fetches.Do(ctx, id, func(ctx context.Context) (fill.Value[T], error) {
		return c.fetch(ctx, id, state)
	})
}

// memoryFor is how long an answer of the primary serves. Until Valkey has been trusted for the first time, but
// answers, that is not at all: a replica that starts is not to lag behind those that run. Whatever is
// remembered is forgotten before Valkey is trusted again, so that nothing seen through Valkey is unseen.
func memoryFor(state *beatState) time.Duration {
	if state != nil && !state.ever {
		return 0
	}
	return localMemory
}

// fallBack asks the primary, or remembers what it said within the time of keep.
func (c *copies[T]) fallBack(ctx context.Context, id core.ID, keep time.Duration) (T, error) {
	c.observer.LookedUp(c.subject, ResultFallback)
	now := time.Now()
	if held, ok := c.memory.Get(id, now); ok && keep > 0 {
		return held, nil
	}
	return c.memory.Load(ctx, id, now, keep, func(ctx context.Context) (fill.Value[T], error) {
		return c.primary(ctx, id)
	})
}

func (c *copies[T]) primary(ctx context.Context, id core.ID) (fill.Value[T], error) {
	began := time.Now()
	held, err := c.form.read(ctx, id)
	return fill.Value[T]{Held: held, Rev: c.form.rev(held), ReadAt: began}, err
}

// fetch takes the subject from Valkey, or from the primary through Valkey. Where Valkey fails in the middle the
// primary is asked once more: what it said before may have been overtaken, and nobody could tell us.
func (c *copies[T]) fetch(ctx context.Context, id core.ID, state *beatState) (fill.Value[T], error) {
	key := c.link.keys.key(c.subject, id)
	shared, found, err := c.link.get(ctx, key)
	if err != nil {
		found = false
	}
	foreign := false
	if found && !shared.isMark() {
		held, err := c.form.decode([]byte(shared.body))
		if err == nil {
			return fill.Value[T]{Held: held, Rev: shared.rev, ReadAt: time.Now()}, nil
		}
		foreign = true
	}
	began := c.link.elapsed()
	read, err := c.primary(ctx, id)
	if err != nil || foreign {
		return read, err
	}
	if read.Rev < shared.rev {
		return read, fill.ErrOvertaken
	}
	read, err = c.share(ctx, key, read, began, state)
	if errors.Is(err, errUnshared) {
		return c.primary(ctx, id)
	}
	return read, err
}

// errUnshared tells that Valkey did not say what stands.
var errUnshared = errors.New("valkey: a copy could not be written")

// share writes what the primary gave to Valkey and gives what stands there then.
func (c *copies[T]) share(
	ctx context.Context, key string, read fill.Value[T], began time.Duration, state *beatState,
) (fill.Value[T], error) {
	copied := entry{rev: read.Rev, body: string(c.form.encode(read.Held))}
	standing, found, err := c.link.fill(ctx, key, copied, began, state)
	if err != nil || !found {
		return read, errUnshared
	}
	if standing.rev <= read.Rev {
		return read, nil
	}
	if standing.isMark() {
		return read, fill.ErrOvertaken
	}
	held, err := c.form.decode([]byte(standing.body))
	if err != nil {
		return read, fill.ErrOvertaken
	}
	return fill.Value[T]{Held: held, Rev: standing.rev, ReadAt: time.Now()}, nil
}
