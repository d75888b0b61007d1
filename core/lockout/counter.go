package lockout

import (
	"time"

	"github.com/doorward/doorward/core/device"
)

// Counter is how many tries in a row failed in one respect. The zero Counter has seen none.
type Counter struct {
	// Failures are those of the running window, which ends at ExpiresAt; Streak goes on counting beyond it.
	Failures  int
	Streak    int
	ExpiresAt time.Time
	// TouchedAt is when the last try was counted, NoticedAt when the owner was last told of a lock.
	TouchedAt time.Time
	NoticedAt time.Time
}

// Place is where a counter stands.
type Place struct{ Subject, Source string }

// full reports whether the counter takes no further try.
func (c Counter) full(source string, rules Rules) bool {
	return c.Failures >= rules.Tries || !isAddress(source) && c.Streak >= MaxStreak
}

// at is the counter as it stands at now: a window that has run out counts no more.
func (c Counter) at(now time.Time) Counter {
	if !now.Before(c.ExpiresAt) {
		c.Failures = 0
	}
	return c
}

func (c Counter) counted(now time.Time, rules Rules) Counter {
	c.Failures++
	c.Streak++
	c.ExpiresAt, c.TouchedAt = now.Add(rules.Duration), now
	return c
}

// Decide is the rule of Tries.Reserve, for stores that decide in this process, one reservation after another.
// known is the device that the store has found, load gives a counter as it is stored. What changes is given to
// save. Errors are those of load and save.
func (r Reservation) Decide(
	known *device.Device, load func(Place) (Counter, error), save func(Place, Counter) error,
) (Standing, error) {
	standing := Standing{Allowed: true, Device: known, Counters: r.CountedIn(known)}
	fresh := map[Place]Counter{}
	for _, source := range standing.Counters.Sources {
		place := Place{r.Subject, source}
		counter, err := load(place)
		if err != nil {
			return Standing{}, err
		}
		if counter = counter.at(r.Now); counter.full(source, r.Rules) {
			standing.Allowed = false
		}
		fresh[place] = counter.counted(r.Now, r.Rules)
		standing.Last = standing.Last || fresh[place].full(source, r.Rules)
	}
	if !standing.Allowed {
		fresh, standing.Last = map[Place]Counter{}, false
	}
	if err := r.show(&standing, fresh, load); err != nil {
		return Standing{}, err
	}
	for place, counter := range fresh {
		if err := save(place, counter); err != nil {
			return Standing{}, err
		}
	}
	return standing, nil
}

// CountedIn are the counters of the subject that the try counts in, given the device that a store has found.
func (r Reservation) CountedIn(known *device.Device) Counters {
	if known != nil {
		return Counters{r.Subject, []string{DeviceSource(known.ID)}}
	}
	return Counters{r.Subject, []string{AnySource, r.Source}}
}

// show counts what the client is told.
func (r Reservation) show(standing *Standing, fresh map[Place]Counter, load func(Place) (Counter, error)) error {
	if r.Shown == "" {
		return nil
	}
	place := Place{r.Shown, r.Source}
	counter, err := load(place)
	if err != nil {
		return err
	}
	if counter = counter.at(r.Now); !counter.full(r.Source, r.Rules) {
		counter = counter.counted(r.Now, r.Rules)
		fresh[place] = counter
	}
	standing.Left = r.Rules.Tries - counter.Failures
	return nil
}
