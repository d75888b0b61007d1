package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/session"
)

func (h *house) announcer() *session.Announcer {
	return session.NewAnnouncer(h.cache, h.db, h.clock, h.notes, nil)
}

func TestAnnounceLeavesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cancelled, cancel := context.WithCancel(h.Context())
	cancel()
	started := h.started(h.user())
	changes, err := h.EndAll(h.Context(), started.UserID, core.ID{}, session.EndRevoked)
	h.must(err)
	h.announcer().Announce(cancelled, changes...) // the caller has left; the change is committed all the same
	h.same("published", h.cache.changes, changes)
	h.same("journal", h.pending(), []core.Change(nil))
	h.announcer().Announce(h.Context())
	h.same("publications", len(h.notes.published), 1)
}

// TestAnnounceIsBounded lets the publisher hang: the caller waits 50 ms, and the change is left to the worker.
func TestAnnounceIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.cache.hangs = true
		started := h.started(h.user())
		began := time.Now()
		h.must(h.SignOut(h.Context(), h.caller(started)))
		if waited := time.Since(began); waited > session.AnnounceTimeout {
			t.Errorf("signing out waited %v for the publisher", waited)
		}
		if !errors.Is(h.notes.published[0], context.DeadlineExceeded) {
			t.Errorf("the publication ended with error %v", h.notes.published[0])
		}
		h.same("journal", h.pending(), []core.Change{changed(started, 2)})
	})
}

// stuck is a journal that cannot be cleared.
type stuck struct{ session.Journal }

func (stuck) Clear(context.Context, ...core.Change) error { return core.Unavailable(nil) }

func TestAnnounceSurvivesAStuckJournal(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	change := changed(h.started(h.user()), 2)
	session.NewAnnouncer(h.cache, stuck{h.db}, h.clock, nil, nil).Announce(h.Context(), change)
	h.same("published", h.cache.changes, []core.Change{change})
}

func TestRepublish(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.cache.away = core.Unavailable(nil)
	user := h.user()
	first := h.started(user)
	h.must(h.SignOut(h.Context(), h.caller(first)))
	republish := func(want int, kind core.Kind) {
		t.Helper()
		count, err := h.announcer().Republish(h.Context())
		if count != want || (err == nil) != (kind == core.KindInternal) || err != nil && core.AsError(err).Kind != kind {
			t.Errorf("republished %d, error %v, want %d", count, err, want)
		}
	}
	const fine = core.KindInternal
	h.clock.Advance(200 * time.Millisecond)
	republish(0, fine) // not older than 200 ms: it may be on its way
	h.clock.Advance(time.Millisecond)
	republish(0, core.KindUnavailable)
	h.same("journal", h.pending(), []core.Change{changed(first, 2)})
	h.cache.away = nil
	second := h.started(user)
	h.clock.Advance(time.Minute)
	_, err := h.EndAll(h.Context(), user.ID, core.ID{}, session.EndRevoked) // and the process dies before announcing
	h.must(err)
	h.clock.Advance(time.Second)
	republish(2, fine)
	h.same("published", h.cache.changes, []core.Change{changed(first, 2), changed(second, 2)})
	h.same("journal", h.pending(), []core.Change(nil))
	republish(0, fine)
}
