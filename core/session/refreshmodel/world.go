// Package refreshmodel is a small model of what refresh tokens go through on their way: a client with one
// store of its newest token, refreshes that are in flight at once, requests and replies that are late, lost
// or overtake each other. Its tests explore every history of it against the rule of package session; the
// contract suite of session.Store draws random ones against real databases.
//
// The promise that it proves: an honest client is never signed out, whatever is lost, late, repeated, raced
// or crashes, as long as no refresh is sent while one that carries another token may still be under way. A
// client keeps that condition when a refresh that is not answered within the window is never executed or
// answered at all, and the client either waits until the one before is answered or a window has passed since
// it was sent (OneAtATime), or begins none within a window of the last success (Patient). Both may repeat
// a refresh that failed as often as they like. A client that crashes starts as if it had just succeeded.
package refreshmodel

import (
	"slices"

	"github.com/doorward/doorward/core/session"
)

// Discipline is when a client permits itself another refresh.
type Discipline uint8

// The disciplines. The first three keep the promise; the others do not, and are there to show where it ends.
const (
	// OneAtATime sends when nothing is under way.
	OneAtATime Discipline = iota
	// Patient sends when a window has passed since a reply last arrived, whatever is under way.
	Patient
	// SameToken sends when all that is under way carries the token that it would send. Every history of
	// OneAtATime and Patient is one of SameToken.
	SameToken
	// Impatient sends when nothing is under way but what it has given up, which the server may still execute.
	Impatient
	// Eager always sends.
	Eager
)

// Client is a kind of client and the network before it.
type Client struct {
	Discipline Discipline
	// Flights is how many refreshes are under way at once, at the most.
	Flights int
	// Window is the grace window in ticks.
	Window int
	// Life is the number of ticks within which a refresh is answered or dead; zero means no limit.
	Life int
	// Lossless is a network that may be late but loses nothing.
	Lossless bool
	// Proofs is when the client confirms its identity anew, which is answered with the newest token.
	Proofs Proofs
}

// Proofs is when a client proves its identity anew.
type Proofs uint8

// The times of a proof. Only the first two keep the promise.
const (
	// Never is a client that does not.
	Never Proofs = iota
	// Alone proves while nothing is under way, and begins nothing before it is answered or lost.
	Alone
	// Anytime proves whenever its discipline would let it refresh.
	Anytime
)

// Server answers what the client sends.
type Server interface {
	// Refresh answers a token with another, or reports false when it signs the client out instead.
	Refresh(token session.Presented) (session.Presented, bool)
	// Prove answers a fresh proof of identity with a token.
	Prove() session.Presented
}

// Flight is one refresh that is under way.
type Flight struct {
	Token session.Presented
	// Reply is what the server answered, once it has Executed the request.
	Reply    session.Presented
	Executed bool
	// GivenUp is a request whose reply the client does not wait for.
	GivenUp bool
	// Proof is a fresh proof of identity; Token is then the one held when it was sent.
	Proof bool
	// Age is the number of ticks since it was sent.
	Age int
}

// World is the client and what is under way. Its zero value, with Held set, is a client that has not
// refreshed for long.
type World struct {
	// Held is the token in the client's store.
	Held    session.Presented
	Flights []Flight
	// Waited is the number of ticks since a reply arrived.
	Waited int
}

// Kind is a kind of step.
type Kind uint8

// The kinds of step. All but Tick, Send and Prove are about one flight.
const (
	Tick    Kind = iota // time passes
	Send                // the client sends the token that it holds
	Prove               // the client proves its identity anew
	Execute             // the server executes a request
	Land                // a reply arrives and its token replaces the held one
	Lose                // a request or a reply is lost; so is the reply of a server that crashed after its commit
	GiveUp              // the client no longer waits for a reply
)

var kindNames = [...]string{"tick", "send", "prove", "execute", "land", "lose", "give up"}

// String names the kind in the trace of a history.
func (k Kind) String() string { return kindNames[k] }

// Step is one thing that may happen next.
type Step struct {
	Kind   Kind
	Flight int
}

// Steps are all that may happen next to a client of that kind.
func (w World) Steps(client Client) []Step {
	steps := make([]Step, 0, 2+2*len(w.Flights))
	if w.mayTick(client) {
		steps = append(steps, Step{Kind: Tick})
	}
	if len(w.Flights) < client.Flights && w.maySend(client) {
		steps = append(steps, Step{Kind: Send})
		if client.Proofs == Anytime || client.Proofs == Alone && len(w.Flights) == 0 {
			steps = append(steps, Step{Kind: Prove})
		}
	}
	for i, flight := range w.Flights {
		switch {
		case !flight.Executed:
			steps = append(steps, Step{Execute, i})
		case !flight.GivenUp:
			steps = append(steps, Step{Land, i})
		}
		if !client.Lossless || flight.GivenUp {
			steps = append(steps, Step{Lose, i})
		}
		if client.Discipline == Impatient && !flight.GivenUp {
			steps = append(steps, Step{GiveUp, i})
		}
	}
	return steps
}

func (w World) mayTick(client Client) bool {
	overdue := func(f Flight) bool { return f.Age+1 >= client.Life }
	return client.Life == 0 || !slices.ContainsFunc(w.Flights, overdue)
}

func (w World) maySend(client Client) bool {
	if client.Proofs == Alone && slices.ContainsFunc(w.Flights, func(f Flight) bool { return f.Proof }) {
		return false
	}
	switch client.Discipline {
	case OneAtATime:
		return len(w.Flights) == 0
	case Patient:
		return w.Waited >= client.Window
	case SameToken:
		return !slices.ContainsFunc(w.Flights, func(f Flight) bool { return f.Token != w.Held })
	case Impatient:
		return !slices.ContainsFunc(w.Flights, func(f Flight) bool { return !f.GivenUp })
	case Eager:
	}
	return true
}

// After is the world after the step, and whether the server kept the client signed in.
func (w World) After(step Step, server Server) (after World, kept bool) {
	w.Flights = slices.Clone(w.Flights)
	switch step.Kind {
	case Tick:
		w.Waited++
		for i := range w.Flights {
			w.Flights[i].Age++
		}
		return w, true
	case Send, Prove:
		w.Flights = append(w.Flights, Flight{Token: w.Held, Proof: step.Kind == Prove})
		return w, true
	default:
		return w.follow(step, server)
	}
}

// follow takes a step of one flight. The flights are w's own.
func (w World) follow(step Step, server Server) (after World, kept bool) {
	flight := &w.Flights[step.Flight]
	switch {
	case step.Kind == GiveUp:
		flight.GivenUp = true
		return w, true
	case step.Kind == Execute && flight.Proof:
		flight.Reply, flight.Executed = server.Prove(), true
		return w, true
	case step.Kind == Execute:
		flight.Reply, kept = server.Refresh(flight.Token)
		flight.Executed = true
		return w, kept
	case step.Kind == Land:
		w.Held, w.Waited = flight.Reply, 0
	}
	w.Flights = slices.Delete(w.Flights, step.Flight, step.Flight+1)
	return w, true
}
