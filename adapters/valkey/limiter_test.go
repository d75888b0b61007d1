package valkey_test

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/inprocess"
	"github.com/doorward/doorward/adapters/valkey"
	"github.com/doorward/doorward/adapters/valkey/valkeytest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/limit"
	"github.com/doorward/doorward/core/limit/limittest"
)

// checks counts checks of limits.
type checks struct{ shared, alone atomic.Int64 }

// LimitChecked implements valkey.CountingObserver.
func (c *checks) LimitChecked(shared bool) {
	if shared {
		c.shared.Add(1)
	} else {
		c.alone.Add(1)
	}
}

// counter is a limiter of one replica.
type counter struct {
	*valkey.Limiter
	link *valkey.Link
	seen *checks
}

func newCounter(t testing.TB, config valkey.Config) counter {
	t.Helper()
	_, link := valkeytest.Replica(t, config, valkeytest.NewPrimary(), nil)
	seen, clock := new(checks), core.ClockFunc(time.Now)
	return counter{valkey.NewLimiter(link, valkey.LimiterConfig{
		Secret: []byte("a secret of the test"), Standby: inprocess.NewLimiter(clock), Clock: clock, Observer: seen,
	}), link, seen}
}

// take takes one call and gives how many are left, -1 where it is refused.
func (c counter) take(t testing.TB, buckets ...limit.Bucket) int {
	t.Helper()
	verdict, err := c.Take(t.Context(), buckets...)
	if err != nil {
		t.Fatal(err)
	}
	if !verdict.Allowed {
		return -1
	}
	return verdict.Remaining
}

// fives holds five calls, which do not come back while a test runs.
func fives(name, key string) limit.Bucket {
	return limit.Bucket{Name: name, Key: key, Limit: limit.Limit{Burst: 5, Period: 12 * time.Hour}}
}

func TestLimiterKeepsTheContract(t *testing.T) {
	t.Parallel()
	limittest.Limiter(t, func(t *testing.T) limittest.Parts {
		config := valkey.Config{URL: valkeytest.URL(t), Prefix: valkeytest.Prefix()}
		var parts limittest.Parts
		var counters []counter
		for range 3 {
			each := newCounter(t, config)
			valkeytest.Trusted(t, each.link)
			counters = append(counters, each)
			parts.Replicas = append(parts.Replicas, each)
		}
		parts.Wait = func(d time.Duration) { <-time.After(d) }
		// On a busy machine Valkey may be late; what is counted by one replica alone then is less exact.
		parts.Disturbed = func() bool {
			for _, each := range counters {
				if each.seen.alone.Load() > 0 {
					return true
				}
			}
			return false
		}
		return parts
	})
}

// The same promises hold as long as Valkey has never been there, but for those between replicas.
func TestLimiterKeepsTheContractWithoutValkey(t *testing.T) {
	t.Parallel()
	limittest.Limiter(t, func(t *testing.T) limittest.Parts {
		proxy := valkeytest.NewProxy(t, valkeytest.Address(t))
		proxy.Cut()
		return limittest.Parts{
			Replicas: []limit.Limiter{newCounter(t, valkey.Config{URL: proxy.URL(), Prefix: "none"})},
			Wait:     func(d time.Duration) { <-time.After(d) },
		}
	})
}

// Whatever becomes of Valkey, a replica goes on from what it knows: not one call more passes, and nobody is
// refused who had calls left.
func TestLimiterGoesOnAlone(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]struct{ begin, end func(*valkeytest.Proxy) }{
		"frozen": {(*valkeytest.Proxy).Freeze, (*valkeytest.Proxy).Thaw},
		"cut":    {(*valkeytest.Proxy).Cut, (*valkeytest.Proxy).Mend},
		"slow": {
			func(p *valkeytest.Proxy) { p.Delay(10 * valkey.CountingTimeout) },
			func(p *valkeytest.Proxy) { p.Delay(0) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := valkeytest.NewProxy(t, valkeytest.Address(t))
			config := valkey.Config{URL: proxy.URL(), Prefix: valkeytest.Prefix()}
			a, b := newCounter(t, config), newCounter(t, config)
			valkeytest.Trusted(t, a.link, b.link)
			bucket := fives("login", "203.0.113.7 ada")
			if a.take(t, bucket) != 4 || a.take(t, bucket) != 3 {
				t.Fatal("it does not count")
			}
			outage.begin(proxy)
			for _, want := range []int{2, 1, 0, -1, -1} {
				if left := a.take(t, bucket); left != want {
					t.Errorf("%d left, want %d", left, want)
				}
			}
			if left := b.take(t, bucket); left < 0 {
				t.Error("the other replica, which has not seen any call, refuses this one")
			}
			if left := a.take(t, fives("login", "203.0.113.7 bob")); left != 4 {
				t.Errorf("somebody else has %d left", left)
			}
			if a.seen.alone.Load() == 0 {
				t.Error("nobody was told that it counts alone")
			}
			outage.end(proxy)
			valkeytest.Trusted(t, a.link)
			shared := a.seen.shared.Load()
			valkeytest.Eventually(t, "it counts together again", func() bool {
				a.take(t, fives("other", strconv.FormatInt(time.Now().UnixNano(), 10)))
				return a.seen.shared.Load() > shared
			})
			if left := a.take(t, bucket); left != -1 {
				t.Errorf("%d left after the outage: what was counted alone is forgotten", left)
			}
		})
	}
}

// A server that has lost its scripts, by a restart, is sent them again.
func TestLimiterBringsItsScript(t *testing.T) {
	t.Parallel()
	c := newCounter(t, valkey.Config{URL: valkeytest.URL(t), Prefix: valkeytest.Prefix()})
	valkeytest.Trusted(t, c.link)
	client := raw(t)
	bucket := fives("login", "ada")
	for _, want := range []int{4, 3, 2} {
		if err := client.Do(t.Context(), client.B().ScriptFlush().Build()).Error(); err != nil {
			t.Fatal(err)
		}
		if left := c.take(t, bucket); left != want {
			t.Errorf("%d left, want %d", left, want)
		}
	}
}

// Keys tell nobody who is counted, have each a slot of its own, and go when they count no more.
func TestLimiterKeysTellNothing(t *testing.T) {
	t.Parallel()
	config := valkey.Config{URL: valkeytest.URL(t), Prefix: valkeytest.Prefix()}
	c := newCounter(t, config)
	valkeytest.Trusted(t, c.link)
	client := raw(t)
	// Not before Valkey has counted both: a replica alone leaves no keys.
	valkeytest.Eventually(t, "both are counted together", func() bool {
		c.take(t, fives("login", "canary@example.com"), fives("address", "canary"))
		return len(keys(t, client, config.Prefix)) == 2
	})
	for _, key := range keys(t, client, config.Prefix) {
		if strings.Contains(key, "canary") || strings.Count(key, "{") != 1 || !strings.HasSuffix(key, "}") {
			t.Errorf("the key %q", key)
		}
		left, err := client.Do(t.Context(), client.B().Pttl().Key(key).Build()).AsInt64()
		if most := (12 * time.Hour).Milliseconds(); err != nil || left <= 0 || left > most {
			t.Errorf("%q lives %d ms: %v", key, left, err)
		}
	}
}

// Keys that hold what they should not are an error of the server's: the replica counts alone.
func TestLimiterOutlivesForeignKeys(t *testing.T) {
	t.Parallel()
	config := valkey.Config{URL: valkeytest.URL(t), Prefix: valkeytest.Prefix()}
	c, client := newCounter(t, config), raw(t)
	valkeytest.Trusted(t, c.link)
	bucket := fives("login", "ada")
	valkeytest.Eventually(t, "there is a key", func() bool {
		c.take(t, bucket)
		return len(keys(t, client, config.Prefix)) == 1
	})
	name := keys(t, client, config.Prefix)[0]
	if err := client.Do(t.Context(), client.B().Set().Key(name).Value("nonsense").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	fresh := newCounter(t, config)
	valkeytest.Trusted(t, fresh.link)
	for _, want := range []int{4, 3, 2, 1, 0, -1} {
		if left := fresh.take(t, bucket); left != want {
			t.Errorf("%d left, want %d", left, want)
		}
	}
	if fresh.seen.shared.Load() != 0 {
		t.Error("it was counted by a key that holds nonsense")
	}
}

// A caller who leaves is no sign that Valkey is slow.
func TestLimiterOutlivesItsCallers(t *testing.T) {
	t.Parallel()
	c := newCounter(t, valkey.Config{URL: valkeytest.URL(t), Prefix: valkeytest.Prefix()})
	valkeytest.Trusted(t, c.link)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Take(ctx, fives("login", "ada")); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("got the error %v", err)
	}
	valkeytest.Eventually(t, "it counts together", func() bool {
		c.take(t, fives("other", strconv.FormatInt(time.Now().UnixNano(), 10)))
		return c.seen.shared.Load() > 0
	})
}

// BenchmarkLimiter is what a call with three limits waits for: one round trip.
func BenchmarkLimiter(b *testing.B) {
	c := newCounter(b, valkey.Config{URL: valkeytest.URL(b), Prefix: valkeytest.Prefix()})
	valkeytest.Trusted(b, c.link)
	wide := limit.Limit{Burst: limit.MaxBurst, Period: time.Second}
	buckets := []limit.Bucket{
		{Name: "address", Key: "203.0.113.7", Limit: wide},
		{Name: "login-address", Key: "203.0.113.7", Limit: wide},
		{Name: "login", Key: "203.0.113.7 ada", Limit: wide},
	}
	b.ReportAllocs()
	for b.Loop() {
		if c.take(b, buckets...) < 0 {
			b.Fatal("refused")
		}
	}
	b.ReportMetric(float64(c.seen.alone.Load())/float64(b.N), "alone/op")
}
