package session

import (
	"context"
	"log/slog"
	"time"

	"github.com/doorward/doorward/core"
)

// The bounds of announcing. A change reaches every replica before the caller is answered, or, where the
// publisher is away, within a second of its return.
const (
	// AnnounceTimeout is how long a caller waits at the most for changes to be delivered.
	AnnounceTimeout = 50 * time.Millisecond
	// RepublishInterval is how often each replica looks for changes that were left.
	RepublishInterval = time.Second / 2
	// leftAfter is the age at which a change is taken to have been left rather than be on its way.
	leftAfter = 200 * time.Millisecond
	// republishBatch bounds one step of delivering what was left.
	republishBatch = 500
)

// Announcer tells every replica of committed changes, at once or, when that fails, from the journal. It
// implements core.Announcer.
type Announcer struct {
	publisher Publisher
	journal   Journal
	clock     core.Clock
	observer  Observer
	log       *slog.Logger
}

// NewAnnouncer makes an announcer; observer and log may be nil.
func NewAnnouncer(
	publisher Publisher, journal Journal, clock core.Clock, observer Observer, log *slog.Logger,
) *Announcer {
	if observer == nil {
		observer = unobserved{}
	}
	if log == nil {
		log = core.Discard()
	}
	return &Announcer{publisher: publisher, journal: journal, clock: clock, observer: observer, log: log}
}

// Announce implements core.Announcer. It goes on when the caller's request is cancelled: the change is
// committed and has to be known. What was delivered leaves the journal with what remains of the time;
// where that fails the change is merely delivered twice.
func (a *Announcer) Announce(ctx context.Context, changes ...core.Change) {
	if len(changes) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), AnnounceTimeout)
	defer cancel()
	if err := a.publish(ctx, changes); err != nil {
		a.log.WarnContext(ctx, "changes not delivered yet", "changes", len(changes), "error", err)
		return
	}
	if err := a.journal.Clear(ctx, changes...); err != nil {
		a.log.DebugContext(ctx, "delivered changes left in the journal", "changes", len(changes), "error", err)
	}
}

func (a *Announcer) publish(ctx context.Context, changes []core.Change) error {
	began := a.clock.Now()
	err := a.publisher.Publish(ctx, changes...)
	a.observer.Published(len(changes), a.clock.Now().Sub(began), err)
	return err
}

// Republish delivers up to 500 changes that were left, and tells how many. Each replica calls it every
// RepublishInterval, and again at once after a full batch; that several deliver the same change does no
// harm. Errors: those of the journal and the publisher; what is left then stays for the next call.
func (a *Announcer) Republish(ctx context.Context) (int, error) {
	left, err := a.journal.Pending(ctx, a.clock.Now().Add(-leftAfter), republishBatch)
	if err != nil || len(left) == 0 {
		return 0, err
	}
	if err := a.publish(ctx, left); err != nil {
		return 0, err
	}
	return len(left), a.journal.Clear(ctx, left...)
}
