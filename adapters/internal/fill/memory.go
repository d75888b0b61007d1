package fill

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/doorward/doorward/core"
)

// Memory keeps a bounded number of subjects in this process, each for a limited time from before its read.
// Its callers tell it the time. It is exact: after Raise has returned, no Get and no Load that begins gives a lower revision,
// also when a read was under way. Safe for concurrent use.
type Memory[T any] struct {
	flights Flights[T]
	cells   *otter.Cache[core.ID, cell[T]]
}

type cell[T any] struct {
	held T
	rev  int64
	// from and until bound the instants at which the cell is good: a clock that was set back voids it.
	from, until time.Time
}

// NewMemory makes a memory of at most size subjects.
func NewMemory[T any](size int) *Memory[T] {
	return &Memory[T]{cells: otter.Must(&otter.Options[core.ID, cell[T]]{MaximumSize: size})}
}

// Get gives what is held of the subject and is good at now.
func (m *Memory[T]) Get(id core.ID, now time.Time) (held T, ok bool) {
	found, ok := m.cells.GetIfPresent(id)
	if !ok || !now.Before(found.until) || now.Before(found.from) {
		return held, false
	}
	return found.held, true
}

// Load reads the subject as Flights.Do does and keeps it from now, the time of the call, for the given time;
// zero keeps nothing.
func (m *Memory[T]) Load(ctx context.Context, id core.ID, now time.Time, keep time.Duration, read Read[T]) (T, error) {
	return m.flights.do(ctx, id, read, func(value Value[T]) {
		if keep > 0 {
			m.cells.Set(id, cell[T]{held: value.Held, rev: value.Rev, from: now, until: now.Add(keep)})
		}
	})
}

// Raise drops what is held of the subject below the revision and holds off reads that give less.
func (m *Memory[T]) Raise(id core.ID, rev int64) {
	m.flights.raise(id, rev, func() {
		if found, ok := m.cells.GetIfPresent(id); ok && found.rev < rev {
			m.cells.Invalidate(id)
		}
	})
}

// Clear drops everything that is held.
func (m *Memory[T]) Clear() { m.cells.InvalidateAll() }
