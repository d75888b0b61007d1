package sessiontest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/session"
)

// Store is the contract of session.Store.
func Store(t *testing.T, open Open) {
	t.Helper()
	t.Run("Open", func(t *testing.T) { Openings(t, open) })
	t.Run("Find", func(t *testing.T) { run(t, open, findCases) })
	t.Run("List", func(t *testing.T) { run(t, open, listCases) })
	t.Run("Prove", func(t *testing.T) { run(t, open, proveCases) })
	t.Run("Refresh", func(t *testing.T) { run(t, open, refreshCases) })
	t.Run("Histories", func(t *testing.T) { histories(t, open) })
}

// Openings is the contract of session.Store.Open alone.
func Openings(t *testing.T, open Open) {
	t.Helper()
	run(t, open, openCases)
}

var openCases = map[string]func(b *bench){
	"keeps all of a session":         openKeepsAll,
	"refuses a user who has changed": openRefuses,
	"ends the oldest beyond limit":   openEvicts,
	"counts only live sessions":      openCountsLive,
	"takes part in transactions":     openInTransaction,
	"holds the limit in a race":      openRace,
	"loses to a revocation":          openAgainstRevocation,
	"writes what comes along":        openWritesBeside,
	"writes it all or nothing":       openBesideUndone,
	"renews a known device":          openRenews,
	"keeps so many devices":          openOutgrows,
	"tells of a new device":          openGreets,
	"tells of those evicted":         openTells,
	"names no more than an event":    openNames,
}

func openKeepsAll(b *bench) {
	user := b.user()
	full := b.opened(user)
	b.stored("full session", full)
	bare := b.fresh(user)
	bare.Device, bare.Factors = origin.Device{}, nil
	_, err := b.Store.Open(b.Context(), opening(bare, user.Rev, limit))
	b.must(err)
	b.stored("bare session", bare)
	b.same("journal", b.pending(), []core.Change(nil))
}

func openRefuses(b *bench) {
	user := b.user()
	stale := b.fresh(user)
	_, err := b.Store.Open(b.Context(), opening(stale, user.Rev+1, limit))
	b.refused("another rev", err, core.ErrConflict)
	unknown := b.fresh(account.User{ID: b.ids.New()})
	_, err = b.Store.Open(b.Context(), opening(unknown, 1, limit))
	b.refused("unknown user", err, core.ErrConflict)
	older := b.opened(user)
	user = b.suspend(user)
	suspended := b.fresh(user)
	_, err = b.Store.Open(b.Context(), opening(suspended, user.Rev, 1))
	b.refused("suspended user", err, core.ErrConflict)
	b.stored("the older session is not evicted for one that is refused", older)
	for _, refused := range []session.Session{stale, unknown, suspended} {
		_, err := b.Store.Find(b.Context(), refused.ID)
		b.refused("a refused session", err, core.ErrNotFound)
	}
}

func openEvicts(b *bench) {
	user, other := b.user(), b.user()
	b.opened(other)
	var opened []session.Session
	for range 4 {
		opened = append(opened, b.opened(user))
		b.clock.Advance(time.Second)
	}
	newest := b.fresh(user)
	evicted, err := b.Store.Open(b.Context(), opening(newest, user.Rev, 3))
	b.must(err)
	want := []core.Change{changeOf(opened[0], 2), changeOf(opened[1], 2)}
	b.same("evicted", sorted(evicted), sorted(want))
	b.same("journal", b.pending(), sorted(want))
	for _, gone := range opened[:2] {
		gone.EndedAt, gone.EndReason, gone.Rev = newest.CreatedAt, session.EndEvicted, 2
		b.stored("evicted session", gone)
	}
	b.same("live", b.live(user), []session.Session{newest, opened[3], opened[2]})
	if len(b.live(other)) != 1 {
		b.Error("another user's session was evicted")
	}
}

func openCountsLive(b *bench) {
	user := b.user()
	kept := b.opened(user)
	ended, expired := b.opened(user), b.fresh(user)
	_, err := b.Ender.End(b.Context(), user.ID, ended.ID, session.EndSignedOut, b.clock.Now())
	b.must(err)
	expired.IdleExpiresAt = b.clock.Now().Add(time.Minute)
	_, err = b.Store.Open(b.Context(), opening(expired, user.Rev, limit))
	b.must(err)
	b.clock.Advance(time.Minute)
	evicted, err := b.Store.Open(b.Context(), opening(b.fresh(user), user.Rev, 2))
	b.must(err)
	b.same("evicted", evicted, []core.Change(nil))
	b.stored("the only other live session", kept)
}

func openInTransaction(b *bench) {
	user := b.user()
	older, undone := b.opened(user), b.fresh(user)
	b.undone(func(ctx context.Context) error {
		_, err := b.Store.Open(ctx, opening(undone, user.Rev, 1))
		return err
	})
	_, err := b.Store.Find(b.Context(), undone.ID)
	b.refused("rolled back session", err, core.ErrNotFound)
	b.stored("session evicted in vain", older)
	b.same("journal", b.pending(), []core.Change(nil))
}

func openRace(b *bench) {
	const attempts, bound = 30, 5
	user := b.user()
	fresh := make([]session.Session, attempts)
	for i := range fresh {
		fresh[i] = b.fresh(user)
		b.clock.Advance(time.Millisecond)
	}
	var mu sync.Mutex
	var evicted []core.Change
	race(attempts, func(i int) {
		changes, err := b.Store.Open(b.Context(), opening(fresh[i], user.Rev, bound))
		mu.Lock()
		defer mu.Unlock()
		evicted = append(evicted, changes...)
		if err != nil {
			b.Errorf("open %d: %v", i, err)
		}
	})
	if live := b.live(user); len(live) != bound {
		b.Errorf("%d sessions live after the race, want %d", len(live), bound)
	}
	if distinct := slices.Compact(sorted(evicted)); len(evicted) != attempts-bound || len(distinct) != len(evicted) {
		b.Errorf("%d evictions of %d sessions reported, want %d of as many", len(evicted), len(distinct), attempts-bound)
	}
	b.same("journal", b.pending(), sorted(evicted))
}

// openAgainstRevocation changes the user and ends all sessions in one transaction while others open: no
// session that was judged by the user as it was may outlive it.
func openAgainstRevocation(b *bench) {
	user := b.user()
	changed := user
	changed.Profile.Name = "Changed"
	race(20, func(i int) {
		if i != 10 {
			_, err := b.Store.Open(b.Context(), opening(b.fresh(user), user.Rev, limit))
			if err != nil {
				b.refused("open in a race", err, core.ErrConflict)
			}
			return
		}
		err := b.Tx.InTx(b.Context(), func(ctx context.Context) error {
			if _, err := b.Accounts.Save(ctx, changed); err != nil {
				return err
			}
			_, err := b.Ender.EndAll(ctx, user.ID, core.ID{}, session.EndPassword, b.clock.Now())
			return err
		})
		if err != nil {
			b.Errorf("revocation: %v", err)
		}
	})
	if live := b.live(user); len(live) != 0 {
		b.Errorf("%d sessions outlived the revocation", len(live))
	}
}
