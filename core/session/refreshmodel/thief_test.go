package refreshmodel_test

import (
	"testing"

	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/session/refreshmodel"
)

// The sides of a theft: whoever held the token, and whoever copied it.
const (
	owner = iota
	thief
)

// theft is a session after a token was copied. The client's held token stands in its place in the state, the
// thief's as that of the only flight.
type theft struct {
	state
	// renewed counts the tokens that each side was given since, up to three; rested counts the ticks since
	// each side last refreshed, up to the window.
	renewed, rested [2]int
}

type theftKey struct {
	state           key
	renewed, rested [2]int
}

func (s theft) key() theftKey { return theftKey{s.state.key(), s.renewed, s.rested} }

func (s *theft) token(side int) *session.Presented {
	if side == owner {
		return &s.world.Held
	}
	return &s.world.Flights[0].Token
}

// thefts gives the states right after every theft that is possible from a client of that kind: of the token
// in its store, or, on the wire, in any request or reply under way. Whatever was under way is lost.
func thefts(client refreshmodel.Client, rule rule, wire bool) []theft {
	var stolen []theft
	explore(client, rule, func(s state) error {
		for _, token := range s.tokens() {
			if !wire && *token != s.world.Held {
				continue
			}
			after := s
			after.world.Flights = []refreshmodel.Flight{{Token: *token}}
			stolen = append(stolen, theft{state: after, rested: [2]int{client.Window, client.Window}})
		}
		return nil
	})
	return stolen
}

// refreshed lets a side refresh, and its reply arrive or get lost.
func (s theft) refreshed(side int, arrives bool, rule rule, window int) (theft, session.Outcome, bool) {
	s.world.Flights = []refreshmodel.Flight{s.world.Flights[0]}
	server := &server{state: &s.state, rule: rule, window: window}
	held := *s.token(side)
	reply, kept := server.Refresh(held)
	if arrives && reply != held {
		*s.token(side) = reply
		s.renewed[side] = min(s.renewed[side]+1, 3)
	}
	s.rested[side] = 0
	return s, server.outcome, kept
}

func (s theft) ticked(window int) theft {
	s.age = min(s.age+1, window)
	for side := range s.rested {
		s.rested[side] = min(s.rested[side]+1, window)
	}
	return s
}

// unseen explores everything that the two sides may do, with refreshes of different sides a window apart and
// replies lost at will, and reports whether both can have that many new tokens with the session still alive.
// It also reports whether a theft ever shows as anything but a theft.
func unseen(client refreshmodel.Client, rule rule, wire bool, many int) (states int, escaped, misnamed bool) {
	seen := map[theftKey]bool{}
	pending := thefts(client, rule, wire)
	for len(pending) > 0 {
		at := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		at.normalize(refreshmodel.Client{Window: client.Window})
		if seen[at.key()] {
			continue
		}
		seen[at.key()] = true
		escaped = escaped || min(at.renewed[owner], at.renewed[thief]) >= many
		pending = append(pending, at.ticked(client.Window))
		for side := range at.rested {
			if at.rested[1-side] < client.Window {
				continue
			}
			for _, arrives := range []bool{true, false} {
				next, outcome, kept := at.refreshed(side, arrives, rule, client.Window)
				misnamed = misnamed || outcome == session.OutcomeStateLost
				if kept {
					pending = append(pending, next)
				}
			}
		}
	}
	return len(seen), escaped, misnamed
}

// TestThiefIsFound shows that a theft is found before both sides have had two new tokens: the first new
// token of the second side may still pass for a lost reply, the losing side's next refresh does not. A thief
// on the wire may be a token ahead of the client, which then catches up with a third. Refreshes of the two
// within a window of each other stay unseen, up to the session's absolute limit.
func TestThiefIsFound(t *testing.T) {
	t.Parallel()
	for window := 1; window <= 3; window++ {
		for _, client := range disciplined(window) {
			for many, wire := range map[int]bool{2: false, 3: true} {
				states, escaped, misnamed := unseen(client, genuine, wire, many)
				t.Logf("%+v, on the wire %v: %d states", client, wire, states)
				if escaped || misnamed {
					t.Errorf("a thief escapes: %v; a theft does not show as one: %v", escaped, misnamed)
				}
			}
		}
	}
}

// TestThiefUnderBrokenRules is the control.
func TestThiefUnderBrokenRules(t *testing.T) {
	t.Parallel()
	forgive := func(sibling bool) rule {
		return rule{present: func(c session.Chain, p session.Presented, r session.Rotation) (session.Chain, session.Outcome) {
			after, outcome := session.Chain.Present(c, p, r)
			if outcome == session.OutcomeStolen && sibling == (p.Generation == c.Generation-1) {
				return c, session.OutcomeRepeated
			}
			return after, outcome
		}}
	}
	client := refreshmodel.Client{Discipline: refreshmodel.SameToken, Flights: 2, Window: 2, Life: 2}
	for name, broken := range map[string]rule{
		"losing siblings survive": forgive(true),
		"older tokens survive":    forgive(false),
	} {
		if _, escaped, _ := unseen(client, broken, false, 3); !escaped {
			t.Errorf("%s: no thief escaped", name)
		}
	}
}
