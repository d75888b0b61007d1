package inprocess_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/inprocess"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/limit"
	"github.com/doorward/doorward/core/limit/limittest"
)

func TestLimiterKeepsTheContract(t *testing.T) {
	t.Parallel()
	limittest.Limiter(t, func(*testing.T) limittest.Parts {
		clock := coretest.NewClock()
		return limittest.Parts{
			Replicas: []limit.Limiter{inprocess.NewLimiter(clock)},
			Wait:     func(d time.Duration) { clock.Advance(d) },
		}
	})
}

func TestLimiterStandsBy(t *testing.T) {
	t.Parallel()
	limittest.Standby(t, func(*testing.T) limittest.StandbyParts {
		clock := coretest.NewClock()
		return limittest.StandbyParts{Standby: inprocess.NewLimiter(clock), Clock: clock}
	})
}

func hourly(name string, key int) limit.Bucket {
	return limit.Bucket{Name: name, Key: strconv.Itoa(key), Limit: limit.Limit{Burst: 1, Period: time.Hour}}
}

func refused(t *testing.T, limiter *inprocess.Limiter, bucket limit.Bucket) bool {
	t.Helper()
	verdict, err := limiter.Take(t.Context(), bucket)
	coretest.Must(t, err)
	return !verdict.Allowed
}

// Four times as many buckets as there is room for come at once: no more are held than that, and nobody gets
// two calls in a row.
func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	limiter := inprocess.NewLimiter(coretest.NewClock())
	const floods, each = 8, inprocess.Buckets / 2
	var running sync.WaitGroup
	for flood := range floods {
		running.Go(func() {
			for i := range each {
				bucket := hourly("flood"+strconv.Itoa(flood), i)
				if refused(t, limiter, bucket) || !refused(t, limiter, bucket) {
					t.Errorf("flood %d, bucket %d: not exactly one call passed", flood, i)
					return
				}
			}
		})
	}
	running.Wait()
	if held := limiter.Len(); held > inprocess.Buckets || held < inprocess.Buckets*9/10 {
		t.Errorf("%d buckets are held, want %d at the most", held, inprocess.Buckets)
	}
}

// A bucket that is asked for again and again stays, whatever flood passes by.
func TestLimiterKeepsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	limiter := inprocess.NewLimiter(coretest.NewClock())
	attacked := hourly("login", 0)
	refused(t, limiter, attacked)
	for i := range 2 * inprocess.Buckets {
		refused(t, limiter, hourly("flood", i))
		if i%1000 == 0 && !refused(t, limiter, attacked) {
			t.Fatalf("forgotten after %d others", i)
		}
	}
}

// Buckets that are full again make room before any that still counts.
func TestLimiterForgetsTheFullFirst(t *testing.T) {
	t.Parallel()
	clock := coretest.NewClock()
	limiter := inprocess.NewLimiter(clock)
	// Few count among many that are soon full, and there is room for all of them, in every part.
	const apart, all = 64, inprocess.Buckets * 9 / 10
	for i := range all {
		bucket := limit.Bucket{Name: "soon", Key: strconv.Itoa(i), Limit: limit.Limit{Burst: 1, Period: time.Second}}
		if i%apart == 0 {
			bucket = hourly("counting", i)
		}
		refused(t, limiter, bucket)
	}
	clock.Advance(time.Minute)
	for i := range inprocess.Buckets / 2 {
		refused(t, limiter, hourly("new", i))
	}
	forgotten := 0
	for i := 0; i < all; i += apart {
		if limiter.Known(hourly("counting", i)).Allowed {
			forgotten++
		}
	}
	if forgotten > 0 {
		t.Errorf("%d of %d buckets that still count were forgotten", forgotten, all/apart)
	}
}

// BenchmarkLimiter is the check that a signed-in request pays for, over many callers.
func BenchmarkLimiter(b *testing.B) {
	limiter := inprocess.NewLimiter(core.ClockFunc(time.Now))
	buckets := make([]limit.Bucket, 10_000)
	for i := range buckets {
		id := core.ID{byte(i), byte(i >> 8)}
		buckets[i] = limit.Bucket{Name: "session", Key: string(id[:]), Limit: limit.Limit{Burst: 600, Period: time.Minute}}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := limiter.Take(b.Context(), buckets[i%len(buckets)]); err != nil {
			b.Fatal(err)
		}
	}
}
