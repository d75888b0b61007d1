// Package coretest is what tests of the domain share: a clock that they move, and an in-memory database
// that lets the fakes of several ports take part in one transaction.
//
// The fakes themselves stand beside the contract suites, in accounttest, sessiontest, verificationtest,
// mailtest, tokentest and retentiontest. Make one Database, hand it to each of them, and to the use case
// as its core.Transactor.
package coretest

import (
	"sync"
	"time"
)

// Epoch is where a new Clock stands. It is a round instant with no meaning of its own.
var Epoch = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// Clock is a core.Clock that moves only when it is told to. Safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that stands at Epoch.
func NewClock() *Clock { return &Clock{now: Epoch} }

// Now implements core.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock by d, backwards when d is negative, and gives the new time.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

// Set puts the clock to an instant, cut to the microsecond like every time of the domain.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now.UTC().Truncate(time.Microsecond)
}
