package lockout

import (
	"context"
	"time"
)

// Tries counts failed tries.
type Tries interface {
	// Reserve counts one try before it is made, in one statement of its own that stands whatever becomes of the
	// request, so it is refused (KindInternal) inside a transaction. A live device of User with the digest Token
	// that fits From is counted by itself alone, under DeviceSource. Anybody else is counted for Source and,
	// over all unknown sources, for the subject (under AnySource); both must have room. A counter has room while
	// fewer than Rules.Tries of its tries were counted within Rules.Duration since the one before, and that of
	// all unknown sources, or of a device, only while its streak is below MaxStreak. A try that finds no room counts
	// nowhere and prolongs nothing. However many run at once, never more than Rules.Tries are allowed between two
	// locks.
	Reserve(ctx context.Context, reservation Reservation) (Standing, error)
	// Release takes one try back from each of the counters: it was reserved, but not made. None falls below zero,
	// and when its window ends stays as it is.
	Release(ctx context.Context, counters ...Counters) error
	// Clear forgets the counters, streaks included.
	Clear(ctx context.Context, counters ...Counters) error
	// Notice reports true to one of many callers, at most once in NoticeEvery for a subject: the owner is to be
	// told of the lock now. In ctx's transaction where there is one.
	Notice(ctx context.Context, subject string, now time.Time) (bool, error)
}
