package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/session"
)

func TestStart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user, now := h.user(), h.clock.Now()
	started, err := h.Start(h.Context(), user, session.Arrival{Factors: []string{"pwd", "otp"}})
	h.must(err)
	h.same("stored", h.stored(started), started)
	if started.Chain.Nonce == (session.Nonce{}) || started.ID.IsZero() {
		t.Error("the session has no nonce or no id")
	}
	want := session.Session{
		ID: started.ID, UserID: user.ID, Factors: []string{"pwd", "otp"}, AuthTime: now, CreatedAt: now, LastUsedAt: now,
		IdleExpiresAt: now.Add(168 * time.Hour), ExpiresAt: now.Add(720 * time.Hour), Rev: 1,
		Device: origin.Device{
			UserAgent: "Firefox/140[31m", Kind: "desktop", Browser: "Firefox", OS: "Linux", IP: "192.0.2.7",
		},
		Chain: session.Chain{Nonce: started.Chain.Nonce, Branches: 1, RotatedAt: now},
	}
	h.same("started", started, want)
}

func TestStartOutsideOfARequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	config := session.DefaultConfig()
	config.IdleTTL = config.MaxTTL + time.Hour
	started, err := session.NewService(h.deps, config).Start(t.Context(), h.user(), session.Arrival{})
	h.must(err)
	h.same("device", started.Device, origin.Device{})
	h.same("idle limit", started.IdleExpiresAt, started.ExpiresAt)
}

func TestStartEvictsAndTells(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user()
	oldest := h.started(user)
	for range session.DefaultConfig().Limit {
		h.clock.Advance(time.Second)
		h.started(user)
	}
	if got := h.stored(oldest); got.EndReason != session.EndEvicted {
		t.Errorf("the oldest session was ended by %q", got.EndReason)
	}
	h.same("published", h.cache.changes, []core.Change{changed(oldest, 2)})
	h.same("journal", h.pending(), []core.Change(nil))
	h.same("counted", h.notes.ended, []session.EndReason{session.EndEvicted})
}

func TestStartForAChangedUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user()
	h.suspend(user)
	for _, read := range []account.User{user, {ID: user.ID, Email: user.Email, Rev: 2}} {
		if _, err := h.Start(h.Context(), read, session.Arrival{}); !errors.Is(err, core.ErrConflict) {
			t.Errorf("start with rev %d: got error %v", read.Rev, err)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user()
	h.started(h.user())
	var want []session.Session
	for range 5 {
		h.clock.Advance(time.Second)
		want = append([]session.Session{h.started(user)}, want...)
	}
	whole, next, err := h.List(h.Context(), user.ID, core.Page{})
	h.must(err)
	h.same("whole list", whole, want)
	if !next.IsZero() {
		t.Error("the whole list has a next page")
	}
	var paged []session.Session
	page := core.Page{Limit: 2}
	for pages := 1; pages <= 5; pages++ {
		part, next, err := h.List(h.Context(), user.ID, page)
		h.must(err)
		paged = append(paged, part...)
		if next.IsZero() {
			h.same("pages", pages, 3)
			break
		}
		page.After = next
	}
	h.same("pages put together", paged, want)
	for _, limit := range []int{-1, core.PageLimitMax + 1} {
		if part, _, err := h.List(h.Context(), user.ID, core.Page{Limit: limit}); err != nil || len(part) == 0 {
			t.Errorf("limit %d: %d sessions, error %v", limit, len(part), err)
		}
	}
}
