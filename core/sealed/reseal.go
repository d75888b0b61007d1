// Package sealed looks after what is stored sealed when the ring of master keys changes: it seals anew with the
// current key what older keys have sealed, and tells which keys are still needed, so that an operator knows when
// an old one can be taken out of the ring.
package sealed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// The bounds of a batch. Values are replaced one by one, each by a statement of its own that holds one row for
// less than a millisecond.
const (
	BatchDefault = 200
	BatchMax     = 5000
	// pauseMin is the least pause between two batches. It is otherwise as long as the batch took, so that half of
	// the database's time for it is left to others.
	pauseMin = 10 * time.Millisecond
)

// Deps are what a Keeper is made of. All are needed.
type Deps struct {
	Store  Store
	Census Census
	Ring   *secret.Ring
	Clock  core.Clock
	// Pause waits between two batches. It returns ctx's error when ctx ends first.
	Pause func(ctx context.Context, d time.Duration) error
	Log   *slog.Logger
}

// Keeper seals anew, and tells which keys are needed.
type Keeper struct{ deps Deps }

// NewKeeper makes a keeper.
func NewKeeper(deps Deps) *Keeper { return &Keeper{deps} }

// Options are how one run goes about it.
type Options struct {
	// BatchSize is how many values are read at once: BatchDefault when zero, BatchMax at the most.
	BatchSize int
	// Progress is told after every batch; nil for nobody.
	Progress func(Progress)
}

// Progress is how far a run has come with one place.
type Progress struct {
	Place  secret.Place
	Counts Counts
	// Done tells that the place has been gone through.
	Done bool
}

// Counts is what became of the values of one place that older keys had sealed.
type Counts struct {
	// Renewed is how many are sealed with the current key now.
	Renewed int64
	// Changed is how many were written, used or removed meanwhile by somebody else, who is right.
	Changed int64
	// Closed is how many no key of the ring opens. They stay as they are: a key that comes back opens them.
	Closed int64
}

// Summary is what a run did, by place.
type Summary struct {
	Counts   map[secret.Place]Counts
	Duration time.Duration
}

// Reseal seals with the current key everything that an older one has sealed. Servers may run beside it: a value
// that changes meanwhile is left to who changed it. A run that is stopped leaves every value whole, and the next
// one goes on with what is left. The summary tells also of a run that failed how far it came. Errors are those of
// the store and of ctx.
func (k *Keeper) Reseal(ctx context.Context, options Options) (Summary, error) {
	if options.BatchSize <= 0 {
		options.BatchSize = BatchDefault
	}
	options.BatchSize = min(options.BatchSize, BatchMax)
	if options.Progress == nil {
		options.Progress = func(Progress) {}
	}
	began := k.deps.Clock.Now()
	summary := Summary{Counts: map[secret.Place]Counts{}}
	var err error
	for _, place := range secret.Places() {
		if err == nil {
			summary.Counts[place], err = k.renewAll(ctx, place, options)
		}
	}
	summary.Duration = k.deps.Clock.Now().Sub(began)
	k.deps.Log.InfoContext(ctx, "sealed anew", "key", k.deps.Ring.Keys()[0].ID, "counts", summary.Counts,
		"duration", summary.Duration, "error", err)
	return summary, err
}

func (k *Keeper) renewAll(ctx context.Context, place secret.Place, options Options) (counts Counts, err error) {
	current, after := k.deps.Ring.Keys()[0].Tag, ""
	for {
		began := k.deps.Clock.Now()
		stale, err := k.deps.Store.Stale(ctx, place, current, after, options.BatchSize)
		if err != nil {
			return counts, fmt.Errorf("read %s: %w", place, err)
		}
		for _, value := range stale {
			if err := k.renew(ctx, place, value, &counts); err != nil {
				return counts, fmt.Errorf("seal %s: %w", place, err)
			}
			after = value.Key
		}
		done := len(stale) < options.BatchSize
		options.Progress(Progress{Place: place, Counts: counts, Done: done})
		if done {
			return counts, nil
		}
		if err := k.deps.Pause(ctx, max(pauseMin, k.deps.Clock.Now().Sub(began))); err != nil {
			return counts, fmt.Errorf("seal %s: %w", place, err)
		}
	}
}

func (k *Keeper) renew(ctx context.Context, place secret.Place, value Value, counts *Counts) error {
	plain, err := k.deps.Ring.Open(value.context(place), value.Sealed)
	if err != nil {
		counts.Closed++
		return nil
	}
	defer clear(plain)
	err = k.deps.Store.Replace(ctx, place, value, k.deps.Ring.Seal(value.context(place), plain))
	switch {
	case errors.Is(err, core.ErrNotFound):
		counts.Changed++
		return nil
	case err == nil:
		counts.Renewed++
	}
	return err
}
