package lockouttest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/secret"
)

// Stores is what the suite is run on: the stores of one fresh, empty database.
type Stores struct {
	Tx       core.Transactor
	Tries    lockout.Tries
	Devices  device.Store
	Accounts account.Store
}

// Open makes fresh stores for one case, and closes them in t.Cleanup.
type Open func(t *testing.T) Stores

// racers is how many guess at once in the cases that race.
const racers = 50

var rules = lockout.Rules{Tries: 5, Duration: 15 * time.Minute}

// TestTries is the contract of lockout.Tries.
func TestTries(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"allows so many tries and no more":            allowsTries,
		"a lock runs out and is not prolonged":        locksRunOut,
		"tries that lie apart are forgotten":          windowsRunOut,
		"unknown sources share one counter":           sourcesShare,
		"a source that is full counts nowhere":        fullSources,
		"subjects are apart":                          subjectsApart,
		"a slow streak ends":                          streaks,
		"a slow streak of a known device ends":        deviceStreaks,
		"a known device has tries of its own":         devicesApart,
		"a known device is the user's, live and fits": devicesFit,
		"what is shown is counted by itself":          showsApart,
		"clears what is named":                        clears,
		"takes back what was not made":                releases,
		"clears in a transaction":                     clearsInTransaction,
		"tells of a lock once a day":                  notices,
		"refuses inside a transaction":                refusesInTransaction,
		"many at once: one source":                    func(t *testing.T, s Stores) { races(t, s, func(int) string { return here }) },
		"many at once: many sources":                  func(t *testing.T, s Stores) { races(t, s, many) },
		"many at once: one device":                    racesDevice,
		"many at once: reserving and clearing":        racesClear,
		"many at once: one is to tell":                racesNotice,
	})
}

// Names of subjects and sources.
const (
	subject = "password/ada"
	here    = "address/here"
	there   = "address/there"
)

func many(i int) string { return "address/" + string(rune('A'+i)) }

func at(after time.Duration) time.Time { return coretest.Epoch.Add(after) }

func from(source string, now time.Time) lockout.Reservation {
	return lockout.Reservation{Subject: subject, Source: source, Now: now, Rules: rules}
}

func (s Stores) reserve(t *testing.T, r lockout.Reservation) lockout.Standing {
	t.Helper()
	standing, err := s.Tries.Reserve(t.Context(), r)
	coretest.Must(t, err)
	return standing
}

// want reserves n times and checks each outcome.
func (s Stores) want(t *testing.T, r lockout.Reservation, n int, allowed bool) {
	t.Helper()
	for i := range n {
		if standing := s.reserve(t, r); standing.Allowed != allowed {
			t.Fatalf("reservation %d of %d: allowed %v, want %v", i+1, n, standing.Allowed, allowed)
		}
	}
}

func allowsTries(t *testing.T, s Stores) {
	want := lockout.Counters{Subject: subject, Sources: []string{lockout.AnySource, here}}
	for i := range rules.Tries {
		standing := s.reserve(t, from(here, at(0)))
		coretest.Equal(t, lockout.Standing{Allowed: true, Last: i == rules.Tries-1, Counters: want}, standing)
	}
	coretest.Equal(t, lockout.Standing{Counters: want}, s.reserve(t, from(here, at(0))))
}

func locksRunOut(t *testing.T, s Stores) {
	for i := range rules.Tries {
		s.want(t, from(here, at(time.Duration(i)*time.Minute)), 1, true)
	}
	locked := at(4 * time.Minute)
	s.want(t, from(here, locked.Add(rules.Duration-time.Microsecond)), 3, false)
	over := locked.Add(rules.Duration)
	s.want(t, from(here, over), rules.Tries, true)
	s.want(t, from(here, over), 1, false)
}

func windowsRunOut(t *testing.T, s Stores) {
	for i := range 3 * rules.Tries {
		s.want(t, from(here, at(time.Duration(i)*rules.Duration)), 1, true)
	}
}

func sourcesShare(t *testing.T, s Stores) {
	for i := range rules.Tries {
		s.want(t, from(many(i), at(0)), 1, true)
	}
	s.want(t, from(there, at(0)), 1, false)
	s.want(t, from(many(0), at(0)), 1, false)
}

// fullSources has somebody from there succeed, which forgets what all did together: here stays locked, and what
// it goes on trying fills nothing for the others.
func fullSources(t *testing.T, s Stores) {
	s.want(t, from(here, at(0)), rules.Tries, true)
	coretest.Must(t, s.Tries.Clear(t.Context(), lockout.Counters{Subject: subject, Sources: []string{lockout.AnySource, there}}))
	s.want(t, from(here, at(time.Minute)), 2*rules.Tries, false)
	s.want(t, from(there, at(time.Minute)), rules.Tries, true)
	s.want(t, from(there, at(time.Minute)), 1, false)
	s.want(t, from(here, at(rules.Duration)), 1, false) // its own lock is over, that of all is not
}

func subjectsApart(t *testing.T, s Stores) {
	s.want(t, from(here, at(0)), rules.Tries, true)
	other := from(here, at(0))
	other.Subject = "password/bob"
	s.want(t, other, rules.Tries, true)
}

func streaks(t *testing.T, s Stores) {
	for i := range lockout.MaxStreak {
		standing := s.reserve(t, from(many(i), at(time.Duration(i)*rules.Duration)))
		coretest.Equal(t, [2]bool{true, i == lockout.MaxStreak-1}, [2]bool{standing.Allowed, standing.Last})
	}
	late := at(lockout.MaxStreak * 10 * rules.Duration)
	s.want(t, from(here, late), 1, false)
	known := from(here, late)
	known.User, known.Token, known.From = s.known(t)
	s.want(t, known, 1, true)
	coretest.Must(t, s.Tries.Clear(t.Context(), s.reserve(t, known).Counters))
	s.want(t, from(here, late), 1, false)
	coretest.Must(t, s.Tries.Clear(t.Context(), lockout.Counters{Subject: subject}))
	s.want(t, from(here, late), rules.Tries, true)
}

// deviceStreaks guesses from the browser that somebody signed in with on a computer that others use too.
func deviceStreaks(t *testing.T, s Stores) {
	user, digest, browser := s.known(t)
	known := func(now time.Time) lockout.Reservation {
		return lockout.Reservation{
			Subject: subject, Source: here, User: user, Token: digest, From: browser, Now: now, Rules: rules,
		}
	}
	for i := range lockout.MaxStreak {
		standing := s.reserve(t, known(at(time.Duration(i)*rules.Duration)))
		coretest.Equal(t, [2]bool{true, i == lockout.MaxStreak-1}, [2]bool{standing.Allowed, standing.Last})
	}
	late := at(lockout.MaxStreak * 10 * rules.Duration)
	s.want(t, known(late), 1, false)
	s.want(t, from(here, late), 1, true) // what strangers have left is theirs
}

// known adds a user with a device that lives for years.
func (s Stores) known(t *testing.T) (core.ID, secret.TokenDigest, origin.Device) {
	t.Helper()
	user := accounttest.Person("")
	coretest.Must(t, s.Accounts.Create(t.Context(), user))
	_, digest := secret.NewToken()
	browser := origin.Device{UserAgent: "Mozilla/5.0", Kind: "desktop", Browser: "Firefox", OS: "Linux", IP: "2001:db8::1", Location: "Malmö"}
	coretest.Must(t, s.Devices.Put(t.Context(), device.Device{
		ID: accounttest.NewID(), UserID: user.ID, Digest: digest, From: browser,
		CreatedAt: at(0), LastUsedAt: at(time.Microsecond), ExpiresAt: at(10 * 8760 * time.Hour), TrustedUntil: at(time.Hour),
	}))
	return user.ID, digest, browser
}

func devicesApart(t *testing.T, s Stores) {
	user, digest, browser := s.known(t)
	listed, err := s.Devices.List(t.Context(), user, at(0), core.Page{Limit: 1})
	coretest.Must(t, err)
	owner := from(here, at(0))
	owner.User, owner.Token, owner.From = user, digest, browser
	s.want(t, from(here, at(0)), rules.Tries, true)
	for i := range rules.Tries {
		coretest.Equal(t, lockout.Standing{
			Allowed: true, Last: i == rules.Tries-1, Device: &listed[0],
			Counters: lockout.Counters{Subject: subject, Sources: []string{lockout.DeviceSource(listed[0].ID)}},
		}, s.reserve(t, owner))
	}
	s.want(t, owner, 1, false)
	coretest.Must(t, s.Tries.Clear(t.Context(), lockout.Counters{Subject: subject, Sources: []string{lockout.AnySource, here}}))
	s.want(t, owner, 1, false)
	s.want(t, from(here, at(0)), rules.Tries, true) // what the device did counted nowhere else
}

func devicesFit(t *testing.T, s Stores) {
	user, digest, browser := s.known(t)
	right := from(here, at(0))
	right.User, right.Token, right.From = user, digest, browser
	right.From.UserAgent, right.From.IP = "Mozilla/6.0", "192.0.2.1" // versions and addresses change
	for name, alter := range map[string]func(r *lockout.Reservation){
		"another user":    func(r *lockout.Reservation) { r.User = accounttest.NewID() },
		"no user":         func(r *lockout.Reservation) { r.User = core.ID{} },
		"another token":   func(r *lockout.Reservation) { r.Token[0]++ },
		"another browser": func(r *lockout.Reservation) { r.From.Browser = "Chrome" },
		"another system":  func(r *lockout.Reservation) { r.From.OS = "Windows" },
		"expired":         func(r *lockout.Reservation) { r.Now = at(10 * 8760 * time.Hour) },
	} {
		altered := right
		alter(&altered)
		if s.reserve(t, altered).Device != nil {
			t.Errorf("%s: the device was known", name)
		}
	}
	if s.reserve(t, right).Device == nil {
		t.Error("the device was not known")
	}
}

func showsApart(t *testing.T, s Stores) {
	byEmail, byName, other := from(here, at(0)), from(here, at(0)), from(there, at(0))
	byEmail.Shown, byName.Shown, other.Shown = "shown/email", "shown/name", "shown/email"
	lefts := func(r lockout.Reservation, want ...int) {
		t.Helper()
		for _, left := range want {
			coretest.Equal(t, left, s.reserve(t, r).Left)
		}
	}
	lefts(byEmail, 4, 3, 2)
	lefts(byName, 4, 3, 2, 1) // the account is locked within these
	lefts(byEmail, 1, 0, 0)
	lefts(other, 4)
	byEmail.Now = at(rules.Duration)
	lefts(byEmail, 4)
	coretest.Must(t, s.Tries.Clear(t.Context(), lockout.Counters{Subject: byName.Shown, Sources: []string{here}}))
	lefts(byName, 4)
}

func clears(t *testing.T, s Stores) {
	coretest.Must(t, s.Tries.Clear(t.Context()))
	coretest.Must(t, s.Tries.Clear(t.Context(), lockout.Counters{Subject: "nobody"}, lockout.Counters{Subject: "nobody", Sources: []string{here}}))
	s.want(t, from(here, at(0)), rules.Tries, true)
	other := from(here, at(0))
	other.Subject = "second_factor/ada"
	s.want(t, other, rules.Tries, true)
	coretest.Must(t, s.Tries.Clear(t.Context(), lockout.Counters{Subject: subject, Sources: []string{there}}))
	s.want(t, from(here, at(0)), 1, false)
	coretest.Must(t, s.Tries.Clear(t.Context(), lockout.Counters{Subject: subject, Sources: []string{lockout.AnySource, here}}))
	s.want(t, from(here, at(0)), rules.Tries, true)
	s.want(t, other, 1, false)
	coretest.Must(t, s.Tries.Clear(t.Context(), lockout.Counters{Subject: subject}, lockout.Counters{Subject: other.Subject}))
	s.want(t, from(here, at(0)), rules.Tries, true)
	s.want(t, other, rules.Tries, true)
}

func releases(t *testing.T, s Stores) {
	both := lockout.Counters{Subject: subject, Sources: []string{lockout.AnySource, here}}
	coretest.Must(t, s.Tries.Release(t.Context()))
	coretest.Must(t, s.Tries.Release(t.Context(), both))
	s.want(t, from(here, at(0)), rules.Tries, true)
	coretest.Must(t, s.Tries.Release(t.Context(), both))
	s.want(t, from(here, at(0)), 1, true)
	s.want(t, from(here, at(0)), 1, false)
	for range rules.Tries + 2 {
		coretest.Must(t, s.Tries.Release(t.Context(), both))
	}
	s.want(t, from(here, at(0)), rules.Tries, true) // and none below zero
	s.want(t, from(here, at(0)), 1, false)
	coretest.Must(t, s.Tries.Release(t.Context(), lockout.Counters{Subject: subject}))
	s.want(t, from(here, at(0)), 1, true)
}

var errRollback = errors.New("rolled back on purpose")

func clearsInTransaction(t *testing.T, s Stores) {
	s.want(t, from(here, at(0)), rules.Tries, true)
	coretest.Refused(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, s.Tries.Clear(ctx, lockout.Counters{Subject: subject}))
		return errRollback
	}), errRollback)
	s.want(t, from(here, at(0)), 1, false)
}

func notices(t *testing.T, s Stores) {
	due := func(subject string, after time.Duration, want bool) {
		t.Helper()
		got, err := s.Tries.Notice(t.Context(), subject, at(after))
		coretest.Must(t, err)
		coretest.Equal(t, want, got)
	}
	coretest.Refused(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		got, err := s.Tries.Notice(ctx, subject, at(0))
		coretest.Equal(t, true, got)
		coretest.Must(t, err)
		return errRollback
	}), errRollback)
	due(subject, 0, true)
	due(subject, lockout.NoticeEvery-time.Microsecond, false)
	due("password/bob", time.Hour, true)
	s.want(t, from(here, at(time.Hour)), rules.Tries, true)
	coretest.Must(t, s.Tries.Clear(t.Context(), lockout.Counters{Subject: subject, Sources: []string{lockout.AnySource, here}}))
	due(subject, 2*time.Hour, false) // a success does not make the next lock news
	due(subject, lockout.NoticeEvery, true)
	due(subject, lockout.NoticeEvery, false)
}

func refusesInTransaction(t *testing.T, s Stores) {
	err := s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		_, err := s.Tries.Reserve(ctx, from(here, at(0)))
		return err
	})
	coretest.Equal(t, core.KindInternal, core.AsError(err).Kind)
	s.want(t, from(here, at(0)), rules.Tries, true)
}

// races has many guess at once: so many are allowed, and one of these sets the lock.
func races(t *testing.T, s Stores, source func(i int) string) {
	for round := range 2 {
		var allowed, last atomic.Int64
		now := at(time.Duration(round) * rules.Duration)
		coretest.Race(t, racers, nil, func(ctx context.Context, i int) error {
			standing, err := s.Tries.Reserve(ctx, from(source(i), now))
			count(&allowed, standing.Allowed)
			count(&last, standing.Last)
			return err
		})
		coretest.Equal(t, [2]int64{int64(rules.Tries), 1}, [2]int64{allowed.Load(), last.Load()})
	}
}

func count(counter *atomic.Int64, one bool) {
	if one {
		counter.Add(1)
	}
}

// racesDevice has a crowd guess while the owner's device does: each has its own.
func racesDevice(t *testing.T, s Stores) {
	user, digest, browser := s.known(t)
	var crowd, owner atomic.Int64
	coretest.Race(t, racers, nil, func(ctx context.Context, i int) error {
		r, counter := from(many(i), at(0)), &crowd
		if i%2 == 0 {
			r.User, r.Token, r.From, counter = user, digest, browser, &owner
		}
		standing, err := s.Tries.Reserve(ctx, r)
		count(counter, standing.Allowed)
		return err
	})
	coretest.Equal(t, [2]int64{int64(rules.Tries), int64(rules.Tries)}, [2]int64{crowd.Load(), owner.Load()})
}

// racesClear has successes clear, and tries be taken back, while others are counting: nothing fails, and none is counted below zero.
func racesClear(t *testing.T, s Stores) {
	coretest.Race(t, racers, nil, func(ctx context.Context, i int) error {
		if i%7 == 0 {
			return s.Tries.Release(ctx, lockout.Counters{Subject: subject, Sources: []string{here, lockout.AnySource}})
		}
		if i%5 == 0 {
			return s.Tries.Clear(ctx, lockout.Counters{Subject: subject, Sources: []string{here, lockout.AnySource}})
		}
		_, err := s.Tries.Reserve(ctx, from(here, at(0)))
		return err
	})
	coretest.Must(t, s.Tries.Clear(t.Context(), lockout.Counters{Subject: subject}))
	s.want(t, from(here, at(0)), rules.Tries, true)
	s.want(t, from(here, at(0)), 1, false)
}

func racesNotice(t *testing.T, s Stores) {
	for round := range 2 {
		var due atomic.Int64
		coretest.Race(t, racers, nil, func(ctx context.Context, _ int) error {
			mine, err := s.Tries.Notice(ctx, subject, at(time.Duration(round)*lockout.NoticeEvery))
			count(&due, mine)
			return err
		})
		coretest.Equal(t, 1, due.Load())
	}
}
