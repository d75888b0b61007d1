package house

import (
	"context"
	"sync/atomic"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/limit"
	"github.com/doorward/doorward/core/limit/limittest"
)

// Sending counts the messages of a house. It lets all of them pass until LimitSending is called.
type Sending struct {
	*limittest.Memory
	most atomic.Pointer[limit.Limit]
}

func newSending(clock core.Clock) *Sending { return &Sending{Memory: limittest.NewMemory(clock)} }

// gate is what the parts of the house ask.
func (s *Sending) gate() limit.Gate { return limit.NewGate(s, "send", limit.Limit{}) }

// Take implements limit.Limiter.
func (s *Sending) Take(ctx context.Context, buckets ...limit.Bucket) (limit.Verdict, error) {
	most := s.most.Load()
	if most == nil {
		return limit.Open(), nil
	}
	for i := range buckets {
		buckets[i].Limit = *most
	}
	return s.Memory.Take(ctx, buckets...)
}

// LimitSending sets how often messages are sent to one account or mailbox.
func (h *House) LimitSending(most limit.Limit) { h.Sending.most.Store(&most) }
