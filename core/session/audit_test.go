package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/session"
)

// told are the events of the user, oldest first, without those of sign-ins.
func (h *house) told(user core.ID) (events []audit.Event) {
	h.Helper()
	h.must(h.db.Do(h.Context(), func() error {
		events = h.db.Events(func(e audit.Event) bool { return e.Subject == user && e.Action != audit.ActionSignIn })
		return nil
	}))
	slices.Reverse(events)
	return events
}

// brief is what the cases compare of an event.
type brief struct {
	Action   audit.Action
	Outcome  audit.Outcome
	Reason   session.EndReason
	Actor    audit.ActorKind
	Session  core.ID
	Metadata map[string]string
}

func (h *house) tells(user core.ID, want ...brief) {
	h.Helper()
	var got []brief
	for _, e := range h.told(user) {
		got = append(got, brief{e.Action, e.Outcome, session.EndReason(e.Reason), e.ActorKind, e.SessionID, e.Metadata})
		if e.IP != "192.0.2.7" || e.Device != "Firefox, Linux" || !e.At.Equal(h.clock.Now()) {
			h.Errorf("%s comes from %q, %q at %v", e.Action, e.IP, e.Device, e.At)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.Errorf("events (-want +got):\n%s", diff)
	}
}

func callerOf(s session.Session) core.Principal {
	return core.Principal{UserID: s.UserID, SessionID: s.ID, AuthTime: s.AuthTime, Factors: s.Factors}
}

func TestEndsAreWrittenDown(t *testing.T) {
	t.Parallel()
	all, others := map[string]string{"sessions": "all"}, map[string]string{"sessions": "others"}
	for name, act := range map[string]func(h *house, mine, other session.Session) []brief{
		"sign-out, once": func(h *house, mine, _ session.Session) []brief {
			h.must(h.SignOut(h.Context(), callerOf(mine)))
			h.must(h.SignOut(h.Context(), callerOf(mine)))
			return []brief{{audit.ActionSignOut, audit.Success, session.EndSignedOut, audit.Person, mine.ID, nil}}
		},
		"sign-out by refresh token": func(h *house, mine, _ session.Session) []brief {
			h.must(h.EndByRefreshToken(h.Context(), h.refs.Mint(mine.Current())))
			return []brief{{audit.ActionSignOut, audit.Success, session.EndSignedOut, audit.Person, mine.ID, nil}}
		},
		"another session": func(h *house, mine, other session.Session) []brief {
			h.must(h.End(h.Context(), callerOf(mine), other.ID))
			return []brief{{
				audit.ActionEnd, audit.Success, session.EndRevoked, audit.Person, other.ID,
				map[string]string{"by": mine.ID.String()},
			}}
		},
		"the calling session": func(h *house, mine, _ session.Session) []brief {
			h.must(h.End(h.Context(), callerOf(mine), mine.ID))
			return []brief{{audit.ActionSignOut, audit.Success, session.EndSignedOut, audit.Person, mine.ID, nil}}
		},
		"all others, and then none": func(h *house, mine, _ session.Session) []brief {
			for _, want := range []int{1, 0} {
				ended, err := h.EndOthers(h.Context(), callerOf(mine))
				if err != nil || ended != want {
					h.Errorf("ended %d, %v", ended, err)
				}
			}
			return []brief{{audit.ActionEnd, audit.Success, session.EndRevoked, audit.Person, mine.ID, others}}
		},
		"all, as part of something larger": func(h *house, mine, _ session.Session) []brief {
			_, err := h.EndAll(h.Context(), mine.UserID, core.ID{}, account.EndPassword)
			h.must(err)
			return []brief{{audit.ActionEnd, audit.Success, account.EndPassword, audit.System, core.ID{}, all}}
		},
		"what is not there": func(h *house, mine, _ session.Session) []brief {
			if err := h.End(h.Context(), callerOf(mine), h.ids.New()); !errors.Is(err, core.ErrNotFound) {
				h.Errorf("ended nothing: %v", err)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			user := h.user()
			mine, other := h.started(user), h.started(user)
			h.tells(user.ID, act(h, mine, other)...)
		})
	}
}

// A theft, and a state that was lost, are written down with the end of the session; a refresh that succeeds is
// not, nor one of a session that is over.
func TestWhatRefreshesFindIsWrittenDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		alter func(token *session.Presented)
		want  brief
	}{
		"theft": {func(*session.Presented) {}, brief{
			Action: audit.ActionTheft, Reason: session.EndStolen,
		}},
		"state lost": {func(token *session.Presented) { token.Generation += 9 }, brief{
			Action: audit.ActionStateLost, Reason: session.EndStateLost,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			user := h.user()
			held := h.started(user)
			token := held.Current()
			for range 3 {
				next, _, err := h.Refresh(h.Context(), h.refs.Mint(held.Current()))
				h.must(err)
				held = next
				h.clock.Advance(time.Hour)
			}
			c.alter(&token)
			for range 2 { // the second finds the session over
				if _, _, err := h.Refresh(h.Context(), h.refs.Mint(token)); err == nil {
					t.Error("refreshed")
				}
			}
			c.want.Outcome, c.want.Actor, c.want.Session = audit.Refused, audit.Stranger, held.ID
			h.tells(user.ID, c.want)
		})
	}
}
