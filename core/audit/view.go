package audit

import (
	"maps"
	"strings"

	"github.com/doorward/doorward/core"
)

// Doer is what acted, as the subject of an event is told of it.
type Doer string

// The doers.
const (
	// Self is the subject, signed in or with the right proof.
	Self Doer = "self"
	// Unknown is whoever had not proven to be the subject.
	Unknown Doer = "stranger"
	// Administrator is another person, impersonation included.
	Administrator Doer = "administrator"
	// Machine is a service account.
	Machine Doer = "service"
	// Server is this server by itself, or at its command line.
	Server Doer = "server"
)

// Doer tells the subject of the event who did it.
func (e Event) Doer() Doer {
	switch e.ActorKind {
	case Person:
		if e.Actor == e.Subject {
			return Self
		}
		return Administrator
	case Service:
		return Machine
	case System, Operator:
		return Server
	case Stranger:
	}
	return Unknown
}

// Done is the event as its actor is told of it, where it was done to another: what it was, how it ended, and where it came
// from. Whatever may tell of the other is left out: the subject, a session of theirs, the reason and the metadata, but for
// the actor's own token.
func (e Event) Done() Event {
	token, marked := e.Metadata[MetaToken]
	e.Subject, e.Reason, e.Metadata = core.ID{}, "", nil
	if marked {
		e.Metadata = map[string]string{MetaToken: token}
	}
	if e.touchesSession() {
		e.SessionID = core.ID{}
	}
	return e
}

// touchesSession reports whether SessionID may be the session that others did something to: everything else that they do
// names the one from which they did it.
func (e Event) touchesSession() bool { return strings.HasPrefix(string(e.Action), "session.") }

// Seen is the event as its subject sees it. Who administers is not named, nor where they were, from which session, and
// by which token: what they did is the subject's business, and the rest is theirs.
func (e Event) Seen() Event {
	if doer := e.Doer(); doer == Self || doer == Unknown {
		return e
	}
	e.Actor, e.RequestID = core.ID{}, ""
	e.IP, e.UserAgent, e.Device, e.Location = "", "", "", ""
	if !e.touchesSession() {
		e.SessionID = core.ID{}
	}
	e.Metadata = maps.Clone(e.Metadata)
	delete(e.Metadata, MetaToken)
	return e
}
