// Package limit bounds how often something is done: so many times at once, and so many per period. It holds
// the rule, a generic cell rate algorithm, and the ports of those that count.
//
// Every limit is a bucket that holds Burst calls and fills evenly, one call each Period/Burst. A bucket is
// kept as one instant, that at which it will be full again, so that nothing has to be swept: whose instant has
// passed is full, and need not be kept.
package limit

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// The bounds of a Limit that Parse takes.
const (
	// MaxBurst keeps the algorithm's numbers exact wherever it is computed: a million calls.
	MaxBurst = 1_000_000
	// MinPeriod and MaxPeriod are a second, the finest that RateLimit fields tell, and a day.
	MinPeriod = time.Second
	MaxPeriod = 24 * time.Hour
)

// Limit is a number of calls in a time. Both are positive.
type Limit struct {
	// Burst is how many calls pass at once.
	Burst int
	// Period is the time in which that many come back, one after the other at even distances.
	Period time.Duration
}

// errLimit is the one answer to a text that is no limit.
var errLimit = errors.New("a limit is a number and a duration, such as 5/1m: 1 to 1000000 calls in 1s to 24h")

// Parse reads a limit such as 5/1m, "five a minute". The text is held to the bounds of this package.
func Parse(text string) (Limit, error) {
	count, length, found := strings.Cut(text, "/")
	burst, err := strconv.ParseUint(count, 10, 32)
	if err != nil || !found {
		return Limit{}, errLimit
	}
	period, err := time.ParseDuration(length)
	if err != nil || burst < 1 || burst > MaxBurst || period < MinPeriod || period > MaxPeriod {
		return Limit{}, errLimit
	}
	return Limit{Burst: int(burst), Period: period}, nil
}

// String writes the limit as Parse reads it.
func (l Limit) String() string { return strconv.Itoa(l.Burst) + "/" + l.Period.String() }

// MarshalText implements encoding.TextMarshaler by String.
func (l Limit) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler by Parse.
func (l *Limit) UnmarshalText(text []byte) (err error) {
	*l, err = Parse(string(text))
	return err
}

// Interval is the time in which one call comes back, in whole microseconds, rounded up: a limit lets
// rather one call less through in a day than one more.
func (l Limit) Interval() time.Duration {
	return (l.Period/time.Microsecond + time.Duration(l.Burst) - 1) / time.Duration(l.Burst) * time.Microsecond
}

// Spend decides on one call at now, from a bucket that is full again at full (ITU-T I.371's generic cell rate
// algorithm, as virtual scheduling). It gives when the bucket is full after that, which is full itself where
// the call is refused: a refusal costs nothing. Instants are counted from any common beginning; one of the
// past means full, and none is taken for later than an empty bucket's, so that a clock that is set back
// refuses nobody for longer than Period.
func (l Limit) Spend(full, now time.Duration) (after time.Duration, verdict Verdict) {
	interval := l.Interval()
	capacity := interval * time.Duration(l.Burst)
	full = min(max(full, now), now+capacity)
	after = full + interval
	if wait := after - capacity - now; wait > 0 {
		return full, Verdict{Reset: full - now, RetryAfter: wait}
	}
	return after, Verdict{Allowed: true, Remaining: int((capacity - (after - now)) / interval), Reset: after - now}
}
