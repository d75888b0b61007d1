package password_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/adapters/password"
	"github.com/doorward/doorward/core"
)

// counter counts what it hears.
type counter struct{ done, refused atomic.Int64 }

func (c *counter) HashDone(_, _ time.Duration) { c.done.Add(1) }
func (c *counter) HashRefused()                { c.refused.Add(1) }

// gate holds every hash at its end until it is opened, and counts how many it holds.
type gate struct {
	counter
	open chan struct{}
	held atomic.Int64
	most atomic.Int64
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) HashDone(waited, took time.Duration) {
	held := g.held.Add(1)
	for most := g.most.Load(); held > most && !g.most.CompareAndSwap(most, held); most = g.most.Load() {
	}
	<-g.open
	g.held.Add(-1)
	g.counter.HashDone(waited, took)
}

// burst starts n hashes and gives a function that waits for them and counts the failures by code.
func burst(t *testing.T, hasher *password.Hasher, n int) (wait func() map[core.Code]int) {
	t.Helper()
	var mu sync.Mutex
	failures := map[core.Code]int{}
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			if _, err := hasher.Hash(t.Context(), "secret"); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failures[core.AsError(err).Code]++
			}
		})
	}
	return func() map[core.Code]int { group.Wait(); return failures }
}

func TestMemoryIsBoundedByWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := newGate()
		hasher := newHasher(t, password.Config{MemoryKiB: 8, Time: 1, Workers: 3, Queue: 61, Observer: held})
		wait := burst(t, hasher, 64)
		synctest.Wait()
		if held.held.Load() != 3 || hasher.Waiting() != 61 {
			t.Errorf("%d hashes at once, %d waiting", held.held.Load(), hasher.Waiting())
		}
		close(held.open)
		if failures := wait(); len(failures) != 0 || held.most.Load() != 3 || held.done.Load() != 64 || hasher.Waiting() != 0 {
			t.Errorf("failures %v, most at once %d, done %d, waiting %d", failures, held.most.Load(), held.done.Load(), hasher.Waiting())
		}
	})
}

func TestFullQueueRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := newGate()
		hasher := newHasher(t, password.Config{MemoryKiB: 8, Time: 1, Workers: 1, Queue: 2, Observer: held})
		wait := burst(t, hasher, 10)
		synctest.Wait()
		_, _, err := hasher.Verify(t.Context(), "secret", "")
		var refusal *core.Error
		if !errors.As(err, &refusal) || refusal.Kind != core.KindUnavailable || refusal.Code != core.CodeOverloaded || refusal.RetryAfter <= 0 {
			t.Errorf("got %v", err)
		}
		close(held.open)
		if failures := wait(); failures[core.CodeOverloaded] != 7 || held.done.Load() != 3 || held.refused.Load() != 8 {
			t.Errorf("failures %v, done %d, refused %d", failures, held.done.Load(), held.refused.Load())
		}
		if _, err := hasher.Hash(t.Context(), "secret"); err != nil {
			t.Errorf("after the burst: %v", err)
		}
	})
}

func TestWaitingEndsWithContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := newGate()
		hasher := newHasher(t, password.Config{MemoryKiB: 8, Time: 1, Workers: 1, Queue: 2, Observer: held})
		wait := burst(t, hasher, 1)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := hasher.Hash(ctx, "secret"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if _, err := hasher.Hash(ctx, "secret"); !errors.Is(err, context.DeadlineExceeded) || hasher.Waiting() != 0 {
			t.Errorf("got %v, %d waiting", err, hasher.Waiting())
		}
		close(held.open)
		if failures := wait(); len(failures) != 0 || held.done.Load() != 1 {
			t.Errorf("failures %v, done %d", failures, held.done.Load())
		}
	})
}

func TestCloseDrains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := newGate()
		hasher := newHasher(t, password.Config{MemoryKiB: 8, Time: 1, Workers: 2, Queue: 8, Observer: held})
		wait := burst(t, hasher, 6)
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- hasher.Close(t.Context()) }()
		synctest.Wait()
		if _, err := hasher.Hash(t.Context(), "secret"); core.AsError(err).Code != core.CodeUnavailable {
			t.Errorf("while closing: %v", err)
		}
		close(held.open)
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if failures := wait(); len(failures) != 0 || held.done.Load() != 6 {
			t.Errorf("failures %v, done %d", failures, held.done.Load())
		}
	})
}

func TestCloseWaitsNoLongerThanContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := newGate()
		hasher := newHasher(t, password.Config{MemoryKiB: 8, Time: 1, Workers: 1, Observer: held})
		wait := burst(t, hasher, 1)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := hasher.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(held.open)
		wait()
	})
}

func TestSixtyFourAtOnce(t *testing.T) {
	t.Parallel()
	hasher := newHasher(t, password.Config{MemoryKiB: 64, Time: 1})
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			own, other := fmt.Sprintf("secret %d", i), fmt.Sprintf("secret %d", i+1)
			made, err := hasher.Hash(t.Context(), own)
			if err != nil {
				t.Error(err)
				return
			}
			if match, _, err := hasher.Verify(t.Context(), own, made); !match || err != nil {
				t.Errorf("own password: %v, %v", match, err)
			}
			if match, _, err := hasher.Verify(t.Context(), other, made); match || err != nil {
				t.Errorf("another's password: %v, %v", match, err)
			}
		})
	}
	group.Wait()
}
