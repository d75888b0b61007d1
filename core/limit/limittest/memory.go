// Package limittest is the contract suite of the ports of package limit, and a limiter for tests.
package limittest

import (
	"context"
	"sync"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/limit"
)

// Memory is a limit.Standby that forgets nothing. Safe for concurrent use.
type Memory struct {
	clock core.Clock
	mu    sync.Mutex
	full  map[limit.Bucket]time.Duration
}

var _ limit.Standby = (*Memory)(nil)

// NewMemory makes one whose buckets fill by the clock.
func NewMemory(clock core.Clock) *Memory {
	return &Memory{clock: clock, full: make(map[limit.Bucket]time.Duration)}
}

func instant(at time.Time) time.Duration { return time.Duration(at.UnixNano()) }

// Take implements limit.Limiter.
func (m *Memory) Take(ctx context.Context, buckets ...limit.Bucket) (limit.Verdict, error) {
	if err := ctx.Err(); err != nil {
		return limit.Verdict{}, core.Unavailable(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now, tightest := instant(m.clock.Now()), limit.Open()
	for _, bucket := range buckets {
		after, verdict := bucket.Limit.Spend(m.full[bucket], now)
		m.full[bucket], verdict.Bucket = after, bucket
		tightest = tightest.Tighter(verdict)
	}
	return tightest, nil
}

// Known implements limit.Limiter.
func (m *Memory) Known(buckets ...limit.Bucket) limit.Verdict {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, tightest := instant(m.clock.Now()), limit.Open()
	for _, bucket := range buckets {
		if _, verdict := bucket.Limit.Spend(m.full[bucket], now); !verdict.Allowed {
			verdict.Bucket = bucket
			tightest = tightest.Tighter(verdict)
		}
	}
	return tightest
}

// Learn implements limit.Standby.
func (m *Memory) Learn(bucket limit.Bucket, full time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.full[bucket] = max(m.full[bucket], instant(full))
}
