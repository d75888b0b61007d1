package refreshmodel_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/session/refreshmodel"
)

// rule is what a server does: session.Chain.Present, or a broken variant that the model must catch.
type rule struct {
	present func(session.Chain, session.Presented, session.Rotation) (session.Chain, session.Outcome)
	// branches makes a proof of identity hand out one more branch instead of the newest.
	branches bool
}

var genuine = rule{present: session.Chain.Present}

// state is a world with its server. It is kept in a normal form in which time, generations and branches
// count from here and are cut where the rule no longer tells them apart, so that there are finitely many
// states and the exploration covers histories of any length.
type state struct {
	world refreshmodel.World
	chain session.Chain // RotatedAt is unset: age stands for it
	age   int           // ticks since RotatedAt
}

const tick = time.Second

var present = time.Unix(1_000_000, 0)

func nonce(generation int64) session.Nonce { return session.Nonce{byte(generation) + 1} }

func place(generation, branch int64) session.Presented {
	return session.Presented{Generation: generation, Branch: branch, Nonce: nonce(generation)}
}

func signedIn(window int) state {
	return state{
		world: refreshmodel.World{Held: place(0, 0), Waited: window},
		chain: session.Chain{Nonce: nonce(0), Branches: 1},
	}
}

// server is the state's own server at the present tick.
type server struct {
	*state
	rule    rule
	window  int
	outcome session.Outcome
}

// Refresh implements refreshmodel.Server.
func (s *server) Refresh(token session.Presented) (session.Presented, bool) {
	chain := s.chain
	chain.RotatedAt = present.Add(-time.Duration(s.age) * tick)
	chain, s.outcome = s.rule.present(chain, token, session.Rotation{
		Now: present, Window: time.Duration(s.window) * tick, Nonce: nonce(chain.Generation + 1),
	})
	if !s.outcome.Living() {
		return session.Presented{}, false
	}
	s.age = int(present.Sub(chain.RotatedAt) / tick)
	chain.RotatedAt = time.Time{}
	s.chain = chain
	return session.Session{Chain: chain}.Current(), true
}

// Prove implements refreshmodel.Server.
func (s *server) Prove() session.Presented {
	if s.rule.branches {
		s.chain.Branches++
		s.age = 0
	}
	return session.Session{Chain: s.chain}.Current()
}

func (s state) after(step refreshmodel.Step, rule rule, window int) (after state, outcome session.Outcome, kept bool) {
	if step.Kind == refreshmodel.Tick {
		s.age++
	}
	server := &server{state: &s, rule: rule, window: window}
	world, kept := s.world.After(step, server)
	s.world = world
	return s, server.outcome, kept
}

// tokens points at every token in the state.
func (s *state) tokens() []*session.Presented {
	tokens := []*session.Presented{&s.world.Held}
	for i := range s.world.Flights {
		tokens = append(tokens, &s.world.Flights[i].Token)
		if s.world.Flights[i].Executed {
			tokens = append(tokens, &s.world.Flights[i].Reply)
		}
	}
	return tokens
}

// normalize brings the state into its normal form: see state.
func (s *state) normalize(client refreshmodel.Client) {
	s.age, s.world.Waited = min(s.age, client.Window), min(s.world.Waited, client.Window)
	s.world.Flights = slices.Clone(s.world.Flights)
	living := []int64{s.chain.Branches - 1}
	for _, token := range s.tokens() {
		if token.Generation == s.chain.Generation {
			living = append(living, token.Branch)
		}
	}
	slices.Sort(living)
	living = slices.Compact(living)
	base := s.chain.Generation - min(s.chain.Generation, 2)
	for _, token := range s.tokens() {
		*token = s.rename(*token, base, living)
	}
	s.chain.Generation -= base
	s.chain.Nonce, s.chain.Branches = nonce(s.chain.Generation), int64(len(living))
	s.chain.UsedBranch = 0
	if s.chain.Generation > 0 {
		s.chain.UsedNonce = nonce(s.chain.Generation - 1)
	}
	for i := range s.world.Flights {
		if client.Life == 0 {
			s.world.Flights[i].Age = 0
		}
	}
	slices.SortFunc(s.world.Flights, func(a, b refreshmodel.Flight) int { return cmp.Compare(code(a), code(b)) })
}

// rename gives the token its name in the normal form: an older one is 0/0, the used one of the previous
// generation has branch 0 and a losing sibling 1, living branches are numbered in their order.
func (s *state) rename(token session.Presented, base int64, living []int64) session.Presented {
	switch s.chain.Generation - token.Generation {
	case 0:
		branch, _ := slices.BinarySearch(living, token.Branch)
		return place(token.Generation-base, int64(branch))
	case 1:
		if token.Branch == s.chain.UsedBranch {
			return place(token.Generation-base, 0)
		}
		return place(token.Generation-base, 1)
	}
	return place(0, 0)
}

// key is a state in its normal form, packed.
type key [5 + 4*maxFlights]byte

const maxFlights = 4

func (s state) key() key {
	packed := key{byte(s.age), byte(s.chain.Generation), byte(s.chain.Branches), byte(s.world.Waited), name(s.world.Held)}
	for i, flight := range s.world.Flights {
		code := code(flight)
		copy(packed[5+4*i:], []byte{byte(code>>24) | 1, byte(code >> 16), byte(code >> 8), byte(code)})
	}
	return packed
}

// code packs a flight: age, what was done, reply, token.
func code(f refreshmodel.Flight) uint32 {
	packed := uint32(f.Age)<<25 | uint32(name(f.Reply))<<8 | uint32(name(f.Token))
	if f.Executed {
		packed |= 1 << 16
	}
	if f.GivenUp {
		packed |= 1 << 17
	}
	if f.Proof {
		packed |= 1 << 18
	}
	return packed
}

func name(token session.Presented) byte { return byte(token.Generation)<<6 | byte(token.Branch) }

// came tells how a state was reached first.
type came struct {
	from key
	step refreshmodel.Step
}

// exploration is what became of walking through every state that a client can reach.
type exploration struct {
	states int
	// loss is the shortest history that signs the client out; empty when there is none.
	loss []refreshmodel.Step
	// surprise is the first state that the check refused.
	surprise error
}

// explore walks, breadth first, through every state that histories of the client reach, from a sign-in just
// done and from one long past.
func explore(client refreshmodel.Client, rule rule, check func(state) error) exploration {
	start := signedIn(client.Window)
	justNow := start
	justNow.world.Waited = 0
	seen := map[key]came{start.key(): {}, justNow.key(): {}}
	for frontier := []state{start, justNow}; len(frontier) > 0; {
		var next []state
		for _, from := range frontier {
			if err := check(from); err != nil {
				return exploration{states: len(seen), loss: history(seen, from.key()), surprise: err}
			}
			for _, step := range from.world.Steps(client) {
				to, _, kept := from.after(step, rule, client.Window)
				if !kept {
					return exploration{states: len(seen), loss: append(history(seen, from.key()), step)}
				}
				to.normalize(client)
				if _, known := seen[to.key()]; !known {
					seen[to.key()] = came{from.key(), step}
					next = append(next, to)
				}
			}
		}
		frontier = next
	}
	return exploration{states: len(seen)}
}

func history(seen map[key]came, at key) []refreshmodel.Step {
	var steps []refreshmodel.Step
	for came := seen[at]; came.from != (key{}); came = seen[came.from] {
		steps = append(steps, came.step)
	}
	slices.Reverse(steps)
	return steps
}

// tell writes a history out, with what the server answers.
func tell(client refreshmodel.Client, rule rule, steps []refreshmodel.Step) string {
	var story strings.Builder
	at := signedIn(client.Window)
	for _, step := range steps {
		fmt.Fprintf(&story, "\n%-8s", step.Kind)
		if step.Kind > refreshmodel.Prove {
			flight := at.world.Flights[step.Flight]
			fmt.Fprintf(&story, " what was sent %d ticks ago with %s", flight.Age, spell(flight.Token))
		}
		to, outcome, _ := at.after(step, rule, client.Window)
		if step.Kind == refreshmodel.Execute && !at.world.Flights[step.Flight].Proof {
			fmt.Fprintf(&story, ": %s", outcome)
		}
		to.normalize(client)
		fmt.Fprintf(&story, "; holds %s, the server is at %s", spell(to.world.Held), spell(to.newest()))
		at = to
	}
	return story.String()
}

func (s state) newest() session.Presented { return session.Session{Chain: s.chain}.Current() }

func spell(token session.Presented) string {
	return fmt.Sprintf("%d/%d", token.Generation, token.Branch)
}
