package session_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/session"
)

// refreshed refreshes with the token and expects it to go well.
func (h *house) refreshed(token string) session.Session {
	h.Helper()
	got, _, err := h.Refresh(h.Context(), token)
	h.must(err)
	return got
}

func (h *house) refused(what, token string, want error) {
	h.Helper()
	got, user, err := h.Refresh(h.Context(), token)
	if !errors.Is(err, want) || !got.ID.IsZero() || !user.ID.IsZero() {
		h.Errorf("%s: got error %v and session %v, want %v", what, err, got.ID, want)
	}
}

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user()
	started := h.started(user)
	first := h.token(started)
	h.clock.Advance(time.Minute)
	rotated, owner, err := h.Refresh(h.Context(), first)
	h.must(err)
	second := h.token(rotated)
	if owner.ID != user.ID || second == first || rotated.Chain.Nonce == started.Chain.Nonce {
		t.Errorf("refreshed to %+v of user %v", rotated.Chain, owner.ID)
	}
	if got := h.token(h.refreshed(first)); got != second {
		t.Error("a repeated refresh has another answer")
	}
	if got := h.token(h.refreshed(second)); got != second {
		t.Error("a young token is not answered with itself")
	}
	h.clock.Advance(10 * time.Second)
	if third := h.token(h.refreshed(first)); third == second {
		t.Error("a lost reply is made good with the token that was lost")
	}
	h.refreshed(second)
	h.same("counted", h.notes.refreshed, []string{"rotated", "repeated", "same", "branched", "rotated"})
	if got := h.stored(started); got.LastUsedAt != h.clock.Now() || got.IdleExpiresAt != h.clock.Now().Add(168*time.Hour) {
		t.Errorf("last used %v, idle until %v", got.LastUsedAt, got.IdleExpiresAt)
	}
}

func TestRefreshFindsTheft(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user()
	started := h.started(user)
	first := h.token(started)
	second := h.token(h.refreshed(first))
	h.clock.Advance(time.Minute)
	third := h.token(h.refreshed(second))
	h.refused("the oldest token", first, session.ErrReused)
	h.refused("the newest token after the theft", third, session.ErrEnded)
	h.refused("the oldest token again", first, session.ErrEnded)
	if got := h.stored(started); got.EndReason != session.EndStolen || got.EndedAt != h.clock.Now() {
		t.Errorf("the session was ended by %q at %v", got.EndReason, got.EndedAt)
	}
	h.same("counted", h.notes.refreshed[2:], []string{"stolen", "ended", "ended"})
	h.same("ended", h.notes.ended, []session.EndReason{session.EndStolen})
	h.same("published", h.cache.changes, []core.Change{changed(started, 2)})
	letters := h.outbox.All()
	if len(letters) != 1 || letters[0].Kind != mail.KindSessionStolen || letters[0].To != user.Email {
		t.Errorf("letters to the owner: %+v", letters)
	}
}

// TestRefreshFindsTheftOnce lets many present the stolen token at once: one of them ends the session, one
// letter leaves, and nobody gets a token.
func TestRefreshFindsTheftOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := h.token(h.started(h.user()))
	second := h.token(h.refreshed(first))
	h.clock.Advance(time.Minute)
	h.refreshed(second)
	const thieves = 50
	answers := make(chan error, thieves)
	for range thieves {
		go func() {
			_, _, err := h.Refresh(h.Context(), first)
			answers <- err
		}()
	}
	found := 0
	for range thieves {
		switch err := <-answers; {
		case errors.Is(err, session.ErrReused):
			found++
		case !errors.Is(err, session.ErrEnded):
			t.Errorf("a thief was answered with error %v", err)
		}
	}
	if letters := len(h.outbox.All()); found != 1 || letters != 1 {
		t.Errorf("%d thieves were told, %d letters sent, want one each", found, letters)
	}
}

func TestRefreshRollsATheftBackWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	deps := h.deps
	deps.Post = postFunc(func(context.Context, mail.Letter) error { return core.Unavailable(nil) })
	service := session.NewService(deps, session.DefaultConfig())
	started := h.started(h.user())
	first := h.token(started)
	second := h.token(h.refreshed(first))
	h.clock.Advance(time.Minute)
	h.refreshed(second)
	if _, _, err := service.Refresh(h.Context(), first); core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("theft without an outbox: %v", err)
	}
	if got := h.stored(started); !got.EndedAt.IsZero() {
		t.Error("the session was ended without a letter to its owner")
	}
	h.refused("the next try", first, session.ErrReused)
}

type postFunc func(context.Context, mail.Letter) error

func (f postFunc) Post(ctx context.Context, letter mail.Letter) error { return f(ctx, letter) }

func TestRefreshAfterTheDatabaseWasSetBack(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]func(*session.Presented){
		"generation ahead": func(p *session.Presented) { p.Generation++ },
		"other nonce":      func(p *session.Presented) { p.Nonce[3] ^= 1 },
		"branch ahead":     func(p *session.Presented) { p.Branch++ },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			started := h.started(h.user())
			place := started.Current()
			ahead(&place)
			h.refused(name, h.refs.Mint(place), session.ErrEnded)
			if got := h.stored(started); got.EndReason != session.EndStateLost {
				t.Errorf("the session was ended by %q", got.EndReason)
			}
			h.same("counted", h.notes.refreshed, []string{"state_lost"})
			h.same("ended", h.notes.ended, []session.EndReason{session.EndStateLost})
			if letters := h.outbox.All(); len(letters) != 0 {
				t.Errorf("letters about no theft: %+v", letters)
			}
		})
	}
}

func TestRefreshRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user()
	ended, suspended, kept := h.started(user), h.started(user), h.started(user)
	h.must(h.SignOut(h.Context(), h.caller(ended)))
	h.refused("an ended session", h.token(ended), session.ErrEnded)
	h.refused("an unknown session", h.refs.Mint(session.Presented{SessionID: h.ids.New()}), session.ErrEnded)
	h.refused("no token", "not a token", session.ErrReference)
	h.suspend(user)
	h.refused("a suspended user", h.token(suspended), session.ErrEnded)
	h.same("suspension alone ends nothing", h.stored(suspended), suspended)
	h.clock.Set(kept.IdleExpiresAt)
	h.refused("an idle session", h.token(kept), session.ErrEnded)
	h.same("counted", h.notes.refreshed, []string{"ended", "ended", "invalid", "ended", "ended"})
	if letters := h.outbox.All(); len(letters) != 0 {
		t.Errorf("letters about no theft: %+v", letters)
	}
}

// fickle is a store that misses a number of refreshes that it should have matched, as one does whose rows
// change between two statements.
type fickle struct {
	session.Store
	misses atomic.Int64
	away   error
}

func (f *fickle) Refresh(
	ctx context.Context, token session.Presented, rotation session.Rotation,
) (session.Session, account.User, error) {
	if f.away != nil {
		return session.Session{}, account.User{}, f.away
	}
	if f.misses.Add(-1) >= 0 {
		return session.Session{}, account.User{}, core.ErrNotFound
	}
	return f.Store.Refresh(ctx, token, rotation)
}

func TestRefreshTriesOnceMore(t *testing.T) {
	t.Parallel()
	for misses, want := range map[int64]core.Kind{1: core.KindInternal, 2: core.KindUnavailable} {
		h := newHouse(t)
		token := h.token(h.started(h.user()))
		deps := h.deps
		store := &fickle{Store: h.memory}
		store.misses.Store(misses)
		deps.Store = store
		_, _, err := session.NewService(deps, session.DefaultConfig()).Refresh(h.Context(), token)
		if (err == nil) != (misses == 1) || err != nil && core.AsError(err).Kind != want {
			t.Errorf("%d misses: got error %v", misses, err)
		}
	}
}

func TestRefreshPassesFailuresOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	started := h.started(h.user())
	deps := h.deps
	deps.Store = &fickle{Store: h.memory, away: core.Unavailable(nil)}
	_, _, err := session.NewService(deps, session.DefaultConfig()).Refresh(h.Context(), h.token(started))
	if core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("a store that is away: %v", err)
	}
	h.same("session", h.stored(started), started)
}
