package limittest

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/limit"
)

// StandbyParts are a standby and the clock that it goes by.
type StandbyParts struct {
	limit.Standby
	Clock core.Clock
}

// Standby holds implementations of limit.Standby to what they promise beside limit.Limiter, which has a
// suite of its own.
func Standby(t *testing.T, open func(t *testing.T) StandbyParts) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, p StandbyParts){
		"it goes on where another left off": goesOn,
		"it unlearns nothing":               unlearnsNothing,
		"what is long past tells nothing":   longPast,
		"nobody waits beyond a period":      nobodyWaitsLong,
	})
}

func (p StandbyParts) learn(bucket limit.Bucket, taken int) {
	p.Learn(bucket, p.Clock.Now().Add(time.Duration(taken)*bucket.Limit.Interval()))
}

func (p StandbyParts) want(t *testing.T, bucket limit.Bucket, remaining int) {
	t.Helper()
	verdict, err := p.Take(t.Context(), bucket)
	coretest.Must(t, err)
	coretest.Equal(t, remaining >= 0, verdict.Allowed)
	coretest.Equal(t, max(0, remaining), verdict.Remaining)
}

func goesOn(t *testing.T, p StandbyParts) {
	bucket := slow("login", "ada", 5)
	p.learn(bucket, 3)
	p.want(t, bucket, 1)
	p.learn(bucket, 5)
	coretest.Equal(t, false, p.Known(bucket).Allowed)
	p.want(t, bucket, -1)
}

func unlearnsNothing(t *testing.T, p StandbyParts) {
	bucket := slow("login", "ada", 5)
	p.want(t, bucket, 4)
	p.want(t, bucket, 3)
	p.learn(bucket, 1)
	p.want(t, bucket, 2)
}

func longPast(t *testing.T, p StandbyParts) {
	bucket := slow("login", "ada", 5)
	p.learn(bucket, -3)
	coretest.Equal(t, limit.Open(), p.Known(bucket))
	p.want(t, bucket, 4)
}

func nobodyWaitsLong(t *testing.T, p StandbyParts) {
	bucket := slow("login", "ada", 5)
	p.learn(bucket, 500)
	known := p.Known(bucket)
	if known.Allowed || known.RetryAfter > bucket.Limit.Interval() || known.Reset > bucket.Limit.Period {
		t.Fatalf("%+v", known)
	}
}
