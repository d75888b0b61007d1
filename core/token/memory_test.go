package token_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/token"
)

// counting is a signer that takes every text but "forged" for a genuine token of 15 minutes, and counts.
type counting struct {
	clock    core.Clock
	verified atomic.Int64
	epoch    atomic.Uint64
	during   func()
}

func (c *counting) Epoch() uint64 { return c.epoch.Load() }

func (c *counting) Sign(token.Claims) (string, error) { return "signed", nil }

func (c *counting) KeySet() []byte { return []byte(`{"keys":[]}`) }

func (c *counting) Verify(raw string) (token.Claims, error) {
	c.verified.Add(1)
	if c.during != nil {
		c.during()
	}
	if raw == "forged" {
		return token.Claims{}, token.ErrInvalid
	}
	return token.Claims{ClientID: raw, ExpiresAt: c.clock.Now().Add(token.AccessTTL)}, nil
}

func newMemory(size int) (*token.VerifiedMemory, *counting, *coretest.Clock) {
	clock := coretest.NewClock()
	signer := &counting{clock: clock}
	return token.NewVerifiedMemory(signer, signer, clock, size), signer, clock
}

func TestVerifiedMemoryRemembersSuccesses(t *testing.T) {
	t.Parallel()
	memory, signer, _ := newMemory(0)
	first, err := memory.Verify("a")
	if err != nil {
		t.Fatal(err)
	}
	again, err := memory.Verify("a")
	if diff := cmp.Diff(first, again); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if signer.verified.Load() != 1 {
		t.Errorf("verified %d times", signer.verified.Load())
	}
	for range 3 {
		if _, err := memory.Verify("forged"); err != token.ErrInvalid { //nolint:errorlint // that very error
			t.Errorf("got %v", err)
		}
	}
	if signer.verified.Load() != 4 {
		t.Error("a failure is remembered")
	}
}

func TestVerifiedMemoryChecksExpiry(t *testing.T) {
	t.Parallel()
	memory, _, clock := newMemory(0)
	if _, err := memory.Verify("a"); err != nil {
		t.Fatal(err)
	}
	clock.Advance(token.AccessTTL + token.Leeway - time.Microsecond)
	if _, err := memory.Verify("a"); err != nil {
		t.Errorf("before its end: %v", err)
	}
	clock.Advance(time.Microsecond)
	if _, err := memory.Verify("a"); err != token.ErrExpired { //nolint:errorlint // that very error
		t.Errorf("after its end: %v", err)
	}
}

func TestVerifiedMemoryForgetsWhenAKeyGoes(t *testing.T) {
	t.Parallel()
	memory, signer, _ := newMemory(0)
	verify := func(want int64) {
		t.Helper()
		if _, err := memory.Verify("a"); err != nil || signer.verified.Load() != want {
			t.Errorf("verified %d times, want %d: %v", signer.verified.Load(), want, err)
		}
	}
	verify(1)
	signer.epoch.Add(1)
	verify(2)
	verify(2)
	// A key that goes while a signature is checked: the result is not kept.
	signer.epoch.Add(1)
	signer.during = func() { signer.epoch.Add(1); signer.during = nil }
	verify(3)
	verify(4)
	verify(4)
	// A result of an earlier epoch that comes late does not displace newer ones.
	signer.during = func() {
		signer.during = nil
		signer.epoch.Add(1)
		verify(6)
	}
	if _, err := memory.Verify("b"); err != nil {
		t.Fatal(err)
	}
	verify(6)
}

func TestVerifiedMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const size = 1024
	memory, signer, _ := newMemory(size)
	fill := func(from, to int) {
		for i := from; i < to; i++ {
			if _, err := memory.Verify(fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		}
	}
	fill(0, 20*size)
	fill(0, size)
	if got := signer.verified.Load(); got != 21*size {
		t.Errorf("%d of the oldest tokens are still remembered", 21*size-got)
	}
	before := signer.verified.Load()
	fill(size-64, size)
	if got := signer.verified.Load() - before; got > 16 {
		t.Errorf("%d of the 64 newest tokens are forgotten", got)
	}
}

// What is in use stays, however many others come by.
func TestVerifiedMemoryKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	memory, signer, _ := newMemory(1024)
	for i := range 10_000 {
		if _, err := memory.Verify(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		if _, err := memory.Verify("used"); err != nil {
			t.Fatal(err)
		}
	}
	if got := signer.verified.Load(); got != 10_001 {
		t.Errorf("verified %d times", got)
	}
}

func TestVerifiedMemoryConcurrently(t *testing.T) {
	t.Parallel()
	memory, signer, _ := newMemory(128)
	var group sync.WaitGroup
	for worker := range 64 {
		group.Go(func() {
			for i := range 500 {
				raw := fmt.Sprint((worker + i) % 300)
				if claims, err := memory.Verify(raw); err != nil || claims.ClientID != raw {
					t.Errorf("%s: got the claims of %s, %v", raw, claims.ClientID, err)
				}
				if i%100 == 0 {
					signer.epoch.Add(1)
				}
			}
		})
	}
	group.Wait()
}

func BenchmarkVerifiedMemory(b *testing.B) {
	memory, _, _ := newMemory(0)
	raw := string(make([]byte, 700)) // about what an access token has
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := memory.Verify(raw); err != nil {
				b.Error(err)
			}
		}
	})
}
