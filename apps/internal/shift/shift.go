// Package shift tells whether two things that are timed in turns take the same time, as far as numbers can tell.
//
// It looks at the differences of pairs, taken within moments of each other, so that what slows the whole machine
// down slows both. It gives an interval for their median and makes no assumption on how they are spread:
// response times have long tails, in which means drown.
package shift

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Interval is where the median difference lies, with the confidence that it was asked for.
type Interval struct {
	Low, Median, High time.Duration
	Pairs             int
}

// Within reports whether the whole interval is nearer to nothing than bound: the two are the same to within bound
// (a test of equivalence: too few pairs make the interval wide, and it then does not hold).
func (i Interval) Within(bound time.Duration) bool { return -bound < i.Low && i.High < bound }

// String tells the interval as a person would write it.
func (i Interval) String() string {
	return fmt.Sprintf("%v [%v, %v] over %d pairs", round(i.Median), round(i.Low), round(i.High), i.Pairs)
}

func round(d time.Duration) time.Duration { return d.Round(time.Microsecond) }

// MinPairs is the least number of pairs that anything is said of.
const MinPairs = 100

// Of gives the interval of the median of the differences at a confidence of z standard deviations of the normal
// distribution (3.29: 99.9 %): the order statistics that the binomial distribution of the signs leaves (Conover,
// Practical Nonparametric Statistics, 3rd edition, section 3.2). It panics below MinPairs differences.
func Of(differences []time.Duration, z float64) Interval {
	n := len(differences)
	if n < MinPairs {
		panic(fmt.Sprintf("shift: %d pairs tell nothing", n))
	}
	sorted := slices.Sorted(slices.Values(differences))
	reach := z * math.Sqrt(float64(n)) / 2
	low := int(math.Floor(float64(n)/2 - reach))
	high := int(math.Ceil(float64(n)/2 + reach))
	return Interval{
		Low: sorted[max(low, 0)], High: sorted[min(high, n-1)], Pairs: n,
		Median: (sorted[(n-1)/2] + sorted[n/2]) / 2,
	}
}
