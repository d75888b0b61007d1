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

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user()
	started := h.started(user)
	for name, claimed := range map[string]time.Time{
		"the token's proof is newer":   started.AuthTime.Add(time.Minute),
		"the session's proof is newer": started.AuthTime.Add(-time.Minute),
	} {
		principal, held, owner, err := h.Authenticate(h.Context(), started.ID, user.ID, claimed)
		h.must(err)
		want := started.AuthTime
		if claimed.After(want) {
			want = claimed
		}
		h.same(name, principal, core.Principal{
			UserID: user.ID, SessionID: started.ID, AuthTime: want, Factors: []string{"pwd"}, Roles: []string{account.RoleUser},
		})
		started.Chain = session.Chain{}
		h.same("session", held, started)
		h.same("user", owner, user)
	}
}

func TestAuthenticateRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user, suspended := h.user(), h.user()
	ended, idle, barred := h.started(user), h.started(user), h.started(suspended)
	h.must(h.SignOut(h.Context(), h.caller(ended)))
	h.suspend(suspended)
	refused := func(what string, sid, uid core.ID) {
		t.Helper()
		principal, _, _, err := h.Authenticate(h.Context(), sid, uid, h.clock.Now())
		if !errors.Is(err, session.ErrEnded) || !principal.UserID.IsZero() {
			t.Errorf("%s: got error %v and principal %v", what, err, principal.UserID)
		}
	}
	refused("an ended session", ended.ID, user.ID)
	refused("an unknown session", h.ids.New(), user.ID)
	refused("another's session", idle.ID, h.user().ID)
	refused("a suspended user", barred.ID, suspended.ID)
	h.clock.Set(idle.IdleExpiresAt)
	refused("an idle session", idle.ID, user.ID)
	h.clock.Set(idle.ExpiresAt)
	refused("an expired session", idle.ID, user.ID)
}

// frozen is a cache whose copies are those of one moment; none for users that it does not know.
type frozen struct {
	session session.Session
	user    account.User
	err     error
}

func (f frozen) Session(context.Context, core.ID) (session.Session, error) { return f.session, f.err }

func (f frozen) User(context.Context, core.ID) (account.User, error) {
	if f.user.ID.IsZero() {
		return f.user, core.ErrNotFound
	}
	return f.user, nil
}

func (h *house) withLookup(lookup session.Lookup) *session.Service {
	deps := h.deps
	deps.Lookup = lookup
	return session.NewService(deps, session.DefaultConfig())
}

// TestAuthenticateAfterALateRefresh has a cached copy from before a refresh that came in the last moment: the
// copy has run idle, the session has not.
func TestAuthenticateAfterALateRefresh(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user()
	started := h.started(user)
	service := h.withLookup(frozen{session: started, user: user})
	h.clock.Set(started.IdleExpiresAt.Add(-time.Second))
	h.refreshed(h.token(started))
	h.clock.Advance(time.Minute)
	if _, _, _, err := service.Authenticate(h.Context(), started.ID, user.ID, time.Time{}); err != nil {
		t.Errorf("a session refreshed a minute ago: %v", err)
	}
}

func TestAuthenticateWithoutItsParts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	started := h.started(h.user())
	away := h.withLookup(frozen{err: core.Unavailable(nil)})
	_, _, _, err := away.Authenticate(h.Context(), started.ID, started.UserID, time.Time{})
	if core.AsError(err).Kind != core.KindUnavailable {
		t.Errorf("a lookup that is away: %v", err)
	}
	purged := h.withLookup(frozen{session: started})
	_, _, _, err = purged.Authenticate(h.Context(), started.ID, started.UserID, time.Time{})
	if !errors.Is(err, session.ErrEnded) {
		t.Errorf("a user who is gone: %v", err)
	}
}
