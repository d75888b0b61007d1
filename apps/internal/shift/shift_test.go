package shift_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/doorward/doorward/apps/internal/shift"
)

// spread makes differences of response times with long tails, moved by offset.
func spread(source *rand.Rand, pairs int, offset time.Duration) []time.Duration {
	differences := make([]time.Duration, pairs)
	tail := func() float64 { return source.ExpFloat64() * source.ExpFloat64() * float64(3*time.Millisecond) }
	for i := range differences {
		differences[i] = time.Duration(tail()-tail()) + offset
	}
	return differences
}

// At 99.9 % the interval misses the truth once in a thousand times.
func TestIntervalHoldsTheTruth(t *testing.T) {
	t.Parallel()
	source := rand.New(rand.NewPCG(1, 2))
	for _, offset := range []time.Duration{-2 * time.Millisecond, 0, 300 * time.Microsecond} {
		missed := 0
		for range 1000 {
			if found := shift.Of(spread(source, 500, offset), 3.29); found.Low > offset || offset > found.High {
				missed++
			}
		}
		if missed > 5 {
			t.Errorf("moved by %v: missed %d times of 1000", offset, missed)
		}
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	source := rand.New(rand.NewPCG(3, 4))
	for offset, want := range map[time.Duration]bool{
		0: true, 2 * time.Millisecond: false, -2 * time.Millisecond: false, time.Millisecond: false,
	} {
		found := shift.Of(spread(source, 1000, offset), 3.29)
		if got := found.Within(time.Millisecond); got != want {
			t.Errorf("moved by %v: found %v, within a millisecond: %v", offset, found, got)
		}
	}
	few := shift.Of(spread(source, shift.MinPairs, 0), 3.29)
	if few.Within(10 * time.Microsecond) {
		t.Errorf("so few pairs cannot show as much: %v", few)
	}
}

func TestTooFewPairsAreRefused(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("an interval of nothing")
		}
	}()
	shift.Of(make([]time.Duration, shift.MinPairs-1), 3.29)
}

func TestString(t *testing.T) {
	t.Parallel()
	same := make([]time.Duration, shift.MinPairs)
	for i := range same {
		same[i] = 1234567 * time.Nanosecond
	}
	if got, want := shift.Of(same, 2).String(), "1.235ms [1.235ms, 1.235ms] over 100 pairs"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
