package refreshmodel_test

import (
	"fmt"
	"testing"

	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/session/refreshmodel"
)

func nothing(state) error { return nil }

// disciplined are the clients of which the promise is made, for a window of that many ticks. The number of
// refreshes at once is the one bound of the exploration: histories are of any length.
func disciplined(window int) []refreshmodel.Client {
	return []refreshmodel.Client{
		{Discipline: refreshmodel.OneAtATime, Flights: 1, Window: window, Life: window, Proofs: refreshmodel.Anytime},
		{Discipline: refreshmodel.Patient, Flights: maxFlights, Window: window, Life: window, Proofs: refreshmodel.Alone},
		{Discipline: refreshmodel.SameToken, Flights: maxFlights, Window: window, Proofs: refreshmodel.Alone},
	}
}

func TestHonestClientIsNeverSignedOut(t *testing.T) {
	t.Parallel()
	for window := 1; window <= 4; window++ {
		for _, client := range disciplined(window) {
			found := explore(client, genuine, nothing)
			t.Logf("%+v: %d states", client, found.states)
			if found.loss != nil {
				t.Errorf("%+v is signed out by this history:%s", client, tell(client, genuine, found.loss))
			}
		}
	}
}

// TestDisciplinesKeepToOneToken shows that OneAtATime and Patient are ways to be SameToken, from which the
// promise follows without any limit of time.
func TestDisciplinesKeepToOneToken(t *testing.T) {
	t.Parallel()
	for _, client := range disciplined(3) {
		sends := func(w refreshmodel.World) bool {
			for _, step := range w.Steps(client) {
				if step.Kind == refreshmodel.Send {
					return true
				}
			}
			return false
		}
		found := explore(client, genuine, func(s state) error {
			for _, flight := range s.world.Flights {
				if sends(s.world) && flight.Token != s.world.Held {
					return fmt.Errorf("%s may be sent while %s is under way", spell(s.world.Held), spell(flight.Token))
				}
			}
			return nil
		})
		if found.surprise != nil {
			t.Errorf("%+v: %v after:%s", client, found.surprise, tell(client, genuine, found.loss))
		}
	}
}

// TestWhereThePromiseEnds shows that each of its conditions is needed.
func TestWhereThePromiseEnds(t *testing.T) {
	t.Parallel()
	const window = 3
	for name, client := range map[string]refreshmodel.Client{
		"a patient client's request lives for a whole window": {
			Discipline: refreshmodel.Patient, Flights: 2, Window: window, Life: window + 1,
		},
		"a client gives a request up that is executed later": {
			Discipline: refreshmodel.Impatient, Flights: 3, Window: window, Life: window,
		},
		"tabs refresh as they like": {
			Discipline: refreshmodel.Eager, Flights: 2, Window: window, Life: window,
		},
		"a proof of identity races refreshes": {
			Discipline: refreshmodel.Patient, Flights: 2, Window: window, Life: window, Proofs: refreshmodel.Anytime,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := explore(client, genuine, nothing)
			if found.loss == nil {
				t.Fatalf("%+v is never signed out in %d states: the promise may be made wider", client, found.states)
			}
			t.Logf("signed out by:%s", tell(client, genuine, found.loss))
		})
	}
}

func TestAllRacersHaveOneSuccessor(t *testing.T) {
	t.Parallel()
	client := refreshmodel.Client{
		Discipline: refreshmodel.SameToken, Flights: 3, Window: 3, Life: 3, Proofs: refreshmodel.Anytime,
	}
	found := explore(client, genuine, func(s state) error {
		for _, token := range s.tokens() {
			racers := &server{state: &s, rule: genuine, window: client.Window}
			first, kept := racers.Refresh(*token)
			for range 2 {
				if next, _ := racers.Refresh(*token); kept && next != first {
					return fmt.Errorf("%s has successors %s and %s at once", spell(*token), spell(first), spell(next))
				}
			}
		}
		return nil
	})
	if found.surprise != nil {
		t.Errorf("%v after:%s", found.surprise, tell(client, genuine, found.loss))
	}
}

// TestDeadTokensEndTheSession presents, in every state, the tokens that must never be good there.
func TestDeadTokensEndTheSession(t *testing.T) {
	t.Parallel()
	client := disciplined(3)[1]
	found := explore(client, genuine, func(s state) error {
		for token, want := range dead(s.chain) {
			at := s
			server := &server{state: &at, rule: genuine, window: client.Window}
			if server.Refresh(token); server.outcome != want {
				return fmt.Errorf("%s is %s, want %s", spell(token), server.outcome, want)
			}
		}
		return nil
	})
	if found.surprise != nil {
		t.Errorf("%v after:%s", found.surprise, tell(client, genuine, found.loss))
	}
}

// dead gives tokens that are not good, with what they show.
func dead(c session.Chain) map[session.Presented]session.Outcome {
	current, ahead := place(c.Generation, c.Branches-1), place(c.Generation+1, 0)
	forged, unmade := current, place(c.Generation, c.Branches)
	forged.Nonce[15]++
	tokens := map[session.Presented]session.Outcome{
		ahead: session.OutcomeStateLost, forged: session.OutcomeStateLost, unmade: session.OutcomeStateLost,
	}
	if c.Generation >= 1 {
		forged := place(c.Generation-1, c.UsedBranch)
		forged.Nonce[15]++
		tokens[forged] = session.OutcomeStateLost
		tokens[place(c.Generation-1, c.UsedBranch+1)] = session.OutcomeStolen
	}
	for older := range max(0, c.Generation-1) {
		tokens[place(older, 0)] = session.OutcomeStolen
	}
	return tokens
}

// TestBrokenRulesAreCaught is the control: the exploration must find what is wrong with these.
func TestBrokenRulesAreCaught(t *testing.T) {
	t.Parallel()
	const window = 3
	for name, broken := range brokenRules() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, client := range append(disciplined(window), broken.client) {
				if client.Flights > 0 && explore(client, broken.rule, nothing).loss != nil {
					return
				}
			}
			t.Error("no client was signed out")
		})
	}
}

type brokenRule struct {
	rule rule
	// client is one more kind of client, for rules that guard more than is promised.
	client refreshmodel.Client
}

func brokenRules() map[string]brokenRule {
	present := func(change func(session.Chain, session.Presented, session.Rotation) (session.Chain, session.Outcome)) rule {
		return rule{present: change}
	}
	genuine := session.Chain.Present
	return map[string]brokenRule{
		"the previous token is never good": {rule: present(
			func(c session.Chain, p session.Presented, r session.Rotation) (session.Chain, session.Outcome) {
				if p.Generation < c.Generation {
					return c, session.OutcomeStolen
				}
				return genuine(c, p, r)
			})},
		"a lost reply is not made good": {rule: present(
			func(c session.Chain, p session.Presented, r session.Rotation) (session.Chain, session.Outcome) {
				after, outcome := genuine(c, p, r)
				if outcome == session.OutcomeBranched {
					return c, session.OutcomeStolen
				}
				return after, outcome
			})},
		"only the newest branch is good": {rule: present(
			func(c session.Chain, p session.Presented, r session.Rotation) (session.Chain, session.Outcome) {
				if p.Generation == c.Generation && p.Branch < c.Branches-1 {
					return c, session.OutcomeStolen
				}
				return genuine(c, p, r)
			})},
		"a young token rotates": {
			rule: present(func(c session.Chain, p session.Presented, r session.Rotation) (session.Chain, session.Outcome) {
				if p.Generation == c.Generation {
					r.Window = 0
				}
				return genuine(c, p, r)
			}),
			client: refreshmodel.Client{Discipline: refreshmodel.Eager, Flights: 3, Window: 3, Life: 1},
		},
		"a proof hands out a branch": {
			rule:   rule{present: genuine, branches: true},
			client: refreshmodel.Client{Discipline: refreshmodel.Eager, Flights: 2, Window: 3, Life: 1, Proofs: refreshmodel.Anytime},
		},
	}
}

// TestInstantTabs shows what answering a young token with itself is for: tabs that refresh as they like, also
// right after each other, are kept signed in where a refresh takes no time against the window, whatever is
// lost. Beyond that limit the promise is made to the disciplined alone.
func TestInstantTabs(t *testing.T) {
	t.Parallel()
	for window := 1; window <= 4; window++ {
		client := refreshmodel.Client{Discipline: refreshmodel.Eager, Flights: maxFlights, Window: window, Life: 1}
		found := explore(client, genuine, nothing)
		if found.loss != nil {
			t.Errorf("%+v is signed out by this history:%s", client, tell(client, genuine, found.loss))
		}
	}
}
