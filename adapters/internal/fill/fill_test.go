package fill_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/adapters/internal/fill"
	"github.com/doorward/doorward/core"
)

var id = core.ID{1}

// row is a primary of one subject, whose value is its revision.
type row struct {
	rev   atomic.Int64
	reads atomic.Int64
}

func (r *row) read(context.Context) (fill.Value[int64], error) {
	r.reads.Add(1)
	began := time.Now()
	rev := r.rev.Load()
	return fill.Value[int64]{Held: rev, Rev: rev, ReadAt: began}, nil
}

func TestFlightsReadOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var flights fill.Flights[int64]
		var primary row
		var asking sync.WaitGroup
		for range 50 {
			asking.Go(func() {
				_, err := flights.Do(t.Context(), id, func(ctx context.Context) (fill.Value[int64], error) {
					time.Sleep(time.Millisecond) // in the bubble: until all others wait
					return primary.read(ctx)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
		if reads := primary.reads.Load(); reads != 1 {
			t.Errorf("%d reads", reads)
		}
	})
}

func TestFlightsGiveNoReadThatWasOvertaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var flights fill.Flights[int64]
		var primary row
		reads := 0
		got, err := flights.Do(t.Context(), id, func(ctx context.Context) (fill.Value[int64], error) {
			value, err := primary.read(ctx)
			if reads++; reads <= 3 {
				flights.Raise(id, primary.rev.Add(1))
			}
			return value, err
		})
		if err != nil || got != 3 || reads != 4 {
			t.Errorf("revision %d after %d reads, %v", got, reads, err)
		}
	})
}

func TestFlightsReadAgain(t *testing.T) {
	t.Parallel()
	failure := errors.New("the primary is away")
	for name, test := range map[string]struct {
		read      func(n int) (took time.Duration, err error)
		reads     int
		err       error
		kind      core.Kind
		withinAll time.Duration
	}{
		"what took too long": {
			read: func(n int) (time.Duration, error) {
				return map[int]time.Duration{1: 1100 * time.Millisecond}[n], nil
			},
			reads: 2, withinAll: 1100 * time.Millisecond,
		},
		"what was overtaken": {
			read: func(n int) (time.Duration, error) {
				return 0, map[int]error{1: fill.ErrOvertaken, 2: fill.ErrOvertaken}[n]
			},
			reads: 3, withinAll: 10 * time.Millisecond,
		},
		"not without end": {
			read:  func(int) (time.Duration, error) { return 0, fill.ErrOvertaken },
			reads: 10, kind: core.KindUnavailable, withinAll: time.Second,
		},
		"not for longer than a caller would wait": {
			read: func(n int) (time.Duration, error) {
				return 950 * time.Millisecond, map[int]error{1: fill.ErrOvertaken, 2: fill.ErrOvertaken}[n]
			},
			reads: 3, err: context.DeadlineExceeded, withinAll: fill.Patience,
		},
		"not what failed": {
			read:  func(int) (time.Duration, error) { return 0, failure },
			reads: 1, err: failure,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var flights fill.Flights[int64]
				reads, began := 0, time.Now()
				_, err := flights.Do(t.Context(), id, func(ctx context.Context) (fill.Value[int64], error) {
					reads++
					readAt := time.Now()
					took, err := test.read(reads)
					select {
					case <-time.After(took):
					case <-ctx.Done():
						err = ctx.Err()
					}
					return fill.Value[int64]{ReadAt: readAt}, err
				})
				switch {
				case test.err != nil && !errors.Is(err, test.err),
					test.kind != 0 && core.AsError(err).Kind != test.kind,
					test.err == nil && test.kind == 0 && err != nil:
					t.Errorf("error %v", err)
				}
				if took := time.Since(began); reads != test.reads || took > test.withinAll {
					t.Errorf("%d reads in %v", reads, took)
				}
			})
		})
	}
}

func TestFlightOutlivesItsFirstCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type carried struct{}
		ctx, leave := context.WithCancel(context.WithValue(t.Context(), carried{}, "a transaction"))
		var flights fill.Flights[int64]
		read := func(ctx context.Context) (fill.Value[int64], error) {
			if ctx.Value(carried{}) != nil {
				t.Error("the read takes part in its caller's transaction")
			}
			if _, limited := ctx.Deadline(); !limited {
				t.Error("the read may wait for ever")
			}
			time.Sleep(time.Millisecond)
			return fill.Value[int64]{Held: 7, ReadAt: time.Now()}, ctx.Err()
		}
		left := make(chan error, 1)
		go func() {
			_, err := flights.Do(ctx, id, read)
			left <- err
		}()
		synctest.Wait()
		leave()
		if err := <-left; core.AsError(err).Kind != core.KindUnavailable || !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		if got, err := flights.Do(t.Context(), id, nil); got != 7 || err != nil {
			t.Errorf("who stayed got %d, %v", got, err)
		}
	})
}

func TestMemoryKeeps(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, test := range map[string]struct {
		keep  time.Duration
		after time.Duration
		raise int64
		held  bool
	}{
		"for the given time":           {keep: time.Minute, after: time.Minute - 1, held: true},
		"no longer":                    {keep: time.Minute, after: time.Minute},
		"nothing for no time":          {},
		"not when the clock went back": {keep: time.Minute, after: -1},
		"its own revision":             {keep: time.Minute, raise: 5, held: true},
		"no older one":                 {keep: time.Minute, raise: 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			memory := fill.NewMemory[int64](10)
			var primary row
			primary.rev.Store(5)
			if got, err := memory.Load(t.Context(), id, start, test.keep, primary.read); got != 5 || err != nil {
				t.Fatalf("loaded %d, %v", got, err)
			}
			memory.Raise(id, test.raise)
			if got, held := memory.Get(id, start.Add(test.after)); held != test.held || held && got != 5 {
				t.Errorf("held %t, %d", held, got)
			}
			memory.Clear()
			if _, held := memory.Get(id, start); held {
				t.Error("held after clearing")
			}
		})
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory := fill.NewMemory[int64](8)
		var primary row
		now := time.Now()
		subject := func(n int) core.ID { return core.ID{byte(n), byte(n >> 8)} }
		for n := range 1000 {
			if _, err := memory.Load(t.Context(), subject(n), now, time.Hour, primary.read); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait() // what is above the bound leaves in the background
		held := 0
		for n := range 1000 {
			if _, ok := memory.Get(subject(n), now); ok {
				held++
			}
		}
		if held == 0 || held > 8 {
			t.Errorf("%d are held", held)
		}
	})
}

// Whoever asks after a change was published is given it, however many read and write at once.
func TestMemoryIsExact(t *testing.T) {
	t.Parallel()
	memory := fill.NewMemory[int64](10)
	var primary row
	var published atomic.Int64
	var all sync.WaitGroup
	done := make(chan struct{})
	for range 8 {
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				least, now := published.Load(), time.Now()
				got, held := memory.Get(id, now)
				if !held {
					var err error
					if got, err = memory.Load(t.Context(), id, now, time.Hour, primary.read); err != nil {
						t.Error(err)
					}
				}
				if got < least {
					t.Errorf("revision %d after %d was published", got, least)
				}
			}
		})
	}
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 2000 {
				rev := primary.rev.Add(1)
				memory.Raise(id, rev)
				for seen := published.Load(); seen < rev && !published.CompareAndSwap(seen, rev); seen = published.Load() {
				}
			}
		})
	}
	writers.Wait()
	close(done)
	all.Wait()
}
