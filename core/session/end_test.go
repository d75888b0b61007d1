package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

func TestSignOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	started := h.started(h.user())
	for range 2 { // idempotent
		h.must(h.SignOut(h.Context(), h.caller(started)))
	}
	if got := h.stored(started); got.EndReason != session.EndSignedOut {
		t.Errorf("the session was ended by %q", got.EndReason)
	}
	h.same("published", h.cache.changes, []core.Change{changed(started, 2)})
	h.same("counted", h.notes.ended, []session.EndReason{session.EndSignedOut})
}

func TestEndByRefreshToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	started := h.started(h.user())
	oldest := h.token(started)
	h.clock.Advance(time.Minute)
	h.refreshed(h.token(h.refreshed(oldest)))
	for range 2 { // idempotent, and by the oldest token too
		h.must(h.EndByRefreshToken(h.Context(), oldest))
	}
	if got := h.stored(started); got.EndReason != session.EndSignedOut {
		t.Errorf("the session was ended by %q", got.EndReason)
	}
	h.same("published", h.cache.changes, []core.Change{changed(started, 2)})
	h.must(h.EndByRefreshToken(h.Context(), h.refs.Mint(session.Presented{SessionID: h.ids.New()})))
	if err := h.EndByRefreshToken(h.Context(), "dwr1_forged"); !errors.Is(err, session.ErrReference) {
		t.Errorf("a forged token: got error %v", err)
	}
}

func TestEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user()
	mine, other, strangers := h.started(user), h.started(user), h.started(h.user())
	caller := h.caller(mine)
	for name, id := range map[string]core.ID{"a stranger's session": strangers.ID, "no session": h.ids.New()} {
		if err := h.End(h.Context(), caller, id); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	h.must(h.End(h.Context(), caller, other.ID))
	h.must(h.End(h.Context(), caller, mine.ID))
	if err := h.End(h.Context(), caller, mine.ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a session that has ended: got error %v", err)
	}
	h.same("reasons", []session.EndReason{h.stored(other).EndReason, h.stored(mine).EndReason, h.stored(strangers).EndReason},
		[]session.EndReason{session.EndRevoked, session.EndSignedOut, ""})
	h.same("published", h.cache.changes, []core.Change{changed(other, 2), changed(mine, 2)})
}

func TestEndOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user()
	strangers, mine := h.started(h.user()), h.started(user)
	h.started(user)
	h.started(user)
	for _, want := range []int{2, 0} {
		ended, err := h.EndOthers(h.Context(), h.caller(mine))
		h.must(err)
		h.same("ended", ended, want)
	}
	h.same("kept", h.stored(mine), mine)
	h.same("a stranger's", h.stored(strangers), strangers)
	h.same("counted", h.notes.ended, []session.EndReason{session.EndRevoked, session.EndRevoked})
	if len(h.cache.changes) != 2 || len(h.pending()) != 0 {
		t.Errorf("published %v, left %v", h.cache.changes, h.pending())
	}
}

func TestEndAllLeavesAnnouncingToItsCaller(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	started := h.started(h.user())
	changes, err := h.EndAll(h.Context(), started.UserID, core.ID{}, account.EndPassword)
	h.must(err)
	h.same("changes", changes, []core.Change{changed(started, 2)})
	h.same("journal", h.pending(), changes)
	h.same("published", h.cache.changes, []core.Change(nil))
	h.same("counted", h.notes.ended, []session.EndReason{account.EndPassword})
}

func TestProve(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	started := h.started(h.user())
	caller := h.caller(started)
	caller.AuthTime = started.AuthTime
	now := h.clock.Advance(time.Hour)
	if err := caller.RequireRecent(now, time.Minute); err == nil {
		t.Error("an old proof counts as recent")
	}
	nothing := func(context.Context) error { return nil }
	_, err := h.Prove(h.Context(), caller, []string{"pwd"}, func(context.Context) error { return core.ErrNotFound })
	if !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a proof of what cannot be used up: got error %v", err)
	}
	proven, err := h.Prove(h.Context(), caller, []string{"pwd", "otp"}, nothing)
	h.must(err)
	if h.token(proven) != h.token(started) {
		t.Error("the proof handed out another refresh token")
	}
	h.same("published", h.cache.changes, []core.Change{changed(started, 2)})
	principal, _, _, err := h.Authenticate(h.Context(), started.ID, started.UserID, started.AuthTime)
	h.must(err)
	h.must(principal.RequireRecent(now, time.Minute))
	h.same("factors", principal.Factors, []string{"pwd", "otp"})
	h.must(h.SignOut(h.Context(), caller))
	if _, err := h.Prove(h.Context(), caller, []string{"pwd"}, nothing); !errors.Is(err, session.ErrEnded) {
		t.Errorf("a proof in an ended session: got error %v", err)
	}
}
