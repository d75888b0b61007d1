package sessiontest

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/session/refreshmodel"
)

// histories runs a property on random histories, each with a user and a clock of its own on shared parts.
func histories(t *testing.T, open Open) {
	t.Helper()
	for name, history := range map[string]func(b *bench, t *rapid.T){
		"agree with the rule":             agreement,
		"never sign an honest client out": honesty,
		"find a thief":                    theft,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parts := open(t)
			rapid.Check(t, func(t *rapid.T) { history(newBench(t, parts), t) })
		})
	}
}

// pauses are around every limit that the rule knows.
var pauses = []time.Duration{
	0, time.Microsecond, time.Second, window - time.Microsecond, window, window + time.Microsecond,
	time.Hour, -time.Second, -time.Hour, idleTTL - time.Microsecond, idleTTL,
}

// agreement presents tokens, genuine, dead and impossible ones, at random times to Store.Refresh and to
// Session.Present, and wants them to agree on everything.
func agreement(b *bench, t *rapid.T) {
	user := b.user()
	held := b.opened(user)
	tokens := []session.Presented{held.Current()}
	for range rapid.IntRange(1, 25).Draw(t, "length") {
		b.clock.Advance(rapid.SampledFrom(pauses).Draw(t, "pause"))
		token := altered(t, rapid.SampledFrom(tokens[max(0, len(tokens)-4):]).Draw(t, "token"))
		rotation := b.rotation()
		want, outcome := held.Present(token, rotation)
		got, owner, err := b.Store.Refresh(b.Context(), token, rotation)
		if !outcome.Living() || !held.Live(rotation.Now) {
			b.refused(outcome.String(), err, core.ErrNotFound)
			b.stored(outcome.String(), held)
			continue
		}
		b.must(err)
		b.same(outcome.String(), got, want)
		if owner.ID != user.ID {
			b.Errorf("the refresh gave user %v, want %v", owner.ID, user.ID)
		}
		held = want
		tokens = append(tokens, held.Current())
	}
	b.stored("at the end", held)
}

func altered(t *rapid.T, token session.Presented) session.Presented {
	switch rapid.IntRange(0, 15).Draw(t, "alteration") {
	case 0:
		token.Nonce[rapid.IntRange(0, 15).Draw(t, "byte")] ^= 1
	case 1:
		token.Branch++
	case 2:
		token.Branch = max(0, token.Branch-1)
	case 3:
		token.Generation++
	case 4:
		token.Generation = max(0, token.Generation-1)
	}
	return token
}

// tick is the model's unit of time: a third of the window.
const (
	windowTicks = 3
	tick        = window / windowTicks
)

// disciplined are the clients of which the promise is made.
var disciplined = []refreshmodel.Client{
	{Discipline: refreshmodel.OneAtATime, Flights: 1, Window: windowTicks, Life: windowTicks, Proofs: refreshmodel.Anytime},
	{Discipline: refreshmodel.Patient, Flights: 3, Window: windowTicks, Life: windowTicks, Proofs: refreshmodel.Alone},
	{Discipline: refreshmodel.SameToken, Flights: 4, Window: windowTicks, Proofs: refreshmodel.Alone},
}

// backend is a store as the model's server.
type backend struct {
	*bench
	held session.Session
}

// Refresh implements refreshmodel.Server.
func (s *backend) Refresh(token session.Presented) (session.Presented, bool) {
	got, _, err := s.Store.Refresh(s.Context(), token, s.rotation())
	if errors.Is(err, core.ErrNotFound) {
		return session.Presented{}, false
	}
	s.must(err)
	return got.Current(), true
}

// Prove implements refreshmodel.Server.
func (s *backend) Prove() session.Presented {
	proven, _, err := s.Store.Prove(s.Context(), s.held.ID, s.clock.Now(), []string{"pwd"})
	s.must(err)
	return proven.Current()
}

// honesty lets a disciplined client live through a random history of races, retries, late and lost requests
// and replies.
func honesty(b *bench, t *rapid.T) {
	client := rapid.SampledFrom(disciplined).Draw(t, "client")
	server := &backend{bench: b, held: b.opened(b.user())}
	world := refreshmodel.World{Held: server.held.Current()}
	for range rapid.IntRange(1, 60).Draw(t, "length") {
		step := rapid.SampledFrom(world.Steps(client)).Draw(t, "step")
		if step.Kind == refreshmodel.Tick {
			b.clock.Advance(tick)
		}
		var kept bool
		if world, kept = world.After(step, server); !kept {
			b.Fatalf("an honest client was signed out by %v, holding %+v", step, world.Held)
		}
	}
}

// theft gives a thief a copy of the client's token and lets both refresh, never within a window of each
// other: before both have had two new tokens the session must be found stolen, and then be dead for both.
func theft(b *bench, t *rapid.T) {
	server := &backend{bench: b, held: b.opened(b.user())}
	held := server.held.Current()
	for range rapid.IntRange(0, 3).Draw(t, "refreshes before the theft") {
		b.clock.Advance(window)
		held, _ = server.Refresh(held)
	}
	sides, renewed := [2]session.Presented{held, held}, [2]int{}
	for range 40 {
		b.clock.Advance(window)
		side := rapid.IntRange(0, 1).Draw(t, "side")
		reply, kept := server.Refresh(sides[side])
		if !kept {
			row, err := b.Store.Find(b.Context(), held.SessionID)
			b.must(err)
			if _, outcome := row.Present(sides[side], b.rotation()); outcome != session.OutcomeStolen {
				b.Errorf("the theft shows as %v", outcome)
			}
			return
		}
		if rapid.Bool().Draw(t, "reply arrives") {
			sides[side], renewed[side] = reply, renewed[side]+1
		}
		if renewed[0] >= 2 && renewed[1] >= 2 {
			b.Fatal("both sides have had two new tokens since the theft")
		}
	}
}
