package valkey

import (
	"sync/atomic"
	"time"
)

const (
	// beatEvery is the time between heartbeats, and beatTimeout how long one may take.
	beatEvery   = 100 * time.Millisecond
	beatTimeout = 400 * time.Millisecond
	// trustFor is how long after the beginning of an answered heartbeat local copies are trusted: what is
	// not told for so long, over a connection that may be dead, is not known.
	trustFor = 500 * time.Millisecond
	// hopeFor is how long after the last answered heartbeat publishing is still tried: the heartbeat may be
	// what is late. After that it fails at once.
	hopeFor = 2 * time.Second
	// settleFor is how long heartbeats have to be answered without a gap until Valkey is trusted. While it
	// was away, changes were committed that it does not know; they are published from the journal within
	// a second of its return.
	settleFor = 2 * time.Second
)

// pulse judges heartbeats: whether Valkey answers, and whether what was copied from it may be believed.
// Times are of the process's monotonic clock, counted from an arbitrary instant. One goroutine calls beat;
// the others may be called by any.
type pulse struct {
	now atomic.Pointer[beatState]
}

// beatState is what one answered heartbeat proves. It never changes.
type beatState struct {
	// began is when the heartbeat was sent: every connection was alive then or later, and had delivered
	// all that it was told before.
	began time.Duration
	// steady is the beginning of the first of the heartbeats without a gap up to this one.
	steady time.Duration
	// epoch counts the gaps. Copies of an earlier epoch are void.
	epoch uint64
	// settled is whether trust had been won by this heartbeat, and ever whether it had in any before.
	settled, ever bool
	// ahead is the Unix time of the servers, the earliest where there are several, less the monotonic time.
	ahead time.Duration
}

// beat takes note of a heartbeat that was sent at began and that every server had answered by ended. moved
// tells that the servers are not those of the last one.
func (p *pulse) beat(began, ended, ahead time.Duration, moved bool) {
	next := beatState{began: began, steady: began, epoch: 1, ahead: ahead}
	if last := p.now.Load(); last != nil {
		next.steady, next.epoch, next.ever = last.steady, last.epoch, last.ever
		if moved || ended >= last.began+trustFor {
			next.steady = began
			next.epoch++
		}
	}
	next.settled = began-next.steady >= settleFor
	next.ever = next.ever || next.settled
	p.now.Store(&next)
}

// at gives what is known at an instant: nil when Valkey has not answered lately.
func (p *pulse) at(now time.Duration) *beatState {
	last := p.now.Load()
	if last == nil || now >= last.began+trustFor {
		return nil
	}
	return last
}

// hopeless tells that trying to reach Valkey is not worth the wait.
func (p *pulse) hopeless(now time.Duration) bool {
	last := p.now.Load()
	return last == nil || now >= last.began+hopeFor
}
