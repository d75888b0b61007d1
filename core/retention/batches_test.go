package retention_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/retention/retentiontest"
)

// heap is a Store of so many rows, each of which takes its time to remove.
type heap struct {
	clock *coretest.Clock
	rows  int64
	cost  time.Duration
	asked []int
}

func (h *heap) Count(context.Context, retention.Kind, time.Time) (int64, error) { return h.rows, nil }

func (h *heap) Sweep(_ context.Context, _ retention.Kind, _ time.Time, limit int) (int64, error) {
	h.asked = append(h.asked, limit)
	removed := min(h.rows, int64(limit))
	h.rows -= removed
	h.clock.Advance(time.Duration(removed) * h.cost)
	return removed, nil
}

// A batch has as many rows as take 50 ms, so that nobody waits longer for one, and never more than was said.
func TestBatchesFitTheirTime(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rows, size int
		cost       time.Duration
		want       []int
	}{
		"slow":          {320, 1000, time.Millisecond, []int{100, 50, 50, 50, 50, 50}},
		"very slow":     {180, 1000, 10 * time.Millisecond, []int{100, 50, 25, 12}},
		"fast":          {3000, 1000, time.Microsecond, []int{100, 200, 400, 800, 1000, 1000}},
		"a small bound": {30, 10, time.Microsecond, []int{10, 10, 10, 10}},
		"one at a time": {2, 1000, time.Minute, []int{100}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := coretest.NewClock()
			store := &heap{clock: clock, rows: int64(test.rows), cost: test.cost}
			var pauses time.Duration
			sweeper := retention.NewSweeper(retention.Deps{
				Store: store, Lock: retentiontest.NewLock(), Clock: clock, Log: slog.New(slog.DiscardHandler),
				Pause: func(_ context.Context, d time.Duration) error { pauses += d; return nil },
			}, nil)
			_, err := sweeper.Run(t.Context(), retention.Options{BatchSize: test.size, Kinds: []retention.Kind{retention.KindAudit}})
			coretest.Must(t, err)
			if diff := cmp.Diff(test.want, store.asked); diff != "" {
				t.Errorf("batches (-want +got):\n%s", diff)
			}
			if work := time.Duration(test.rows-int(store.rows)) * test.cost; pauses < work/3 && len(store.asked) > 1 {
				t.Errorf("%s of pauses in %s of work", pauses, work)
			}
		})
	}
}
