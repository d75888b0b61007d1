package house

import (
	"context"
	"sync"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/verification"
)

// meeting holds those who come until all of them are there. Without it, racers in memory are so fast that
// each has finished before the next one has begun.
type meeting struct {
	mu       sync.Mutex
	expected int
	open     chan struct{}
}

// expect makes the next n who come wait for each other.
func (m *meeting) expect(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expected, m.open = n, make(chan struct{})
}

func (m *meeting) come() {
	m.mu.Lock()
	open := m.open
	if m.expected--; m.expected == 0 {
		close(open)
	}
	late := m.expected < 0
	m.mu.Unlock()
	if !late {
		<-open
	}
}

// meetingFlows lets all who have tried a code meet before any of them goes on.
type meetingFlows struct {
	verification.Flows
	meeting *meeting
}

// Try implements verification.Flows.
func (f meetingFlows) Try(
	ctx context.Context, id core.ID, purpose verification.Purpose, now time.Time,
) (verification.Flow, error) {
	flow, err := f.Flows.Try(ctx, id, purpose, now)
	f.meeting.come()
	return flow, err
}

// meetingLinks lets all who have found a link meet before any of them goes on.
type meetingLinks struct {
	verification.Links
	meeting *meeting
}

// Find implements verification.Links.
func (l meetingLinks) Find(
	ctx context.Context, digest secret.TokenDigest, purpose verification.Purpose, now time.Time,
) (verification.Link, error) {
	link, err := l.Links.Find(ctx, digest, purpose, now)
	if err == nil {
		l.meeting.come()
	}
	return link, err
}
