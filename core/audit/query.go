package audit

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
)

// Query selects events. Its zero value selects all of them, and each field that is set narrows that.
type Query struct {
	// Actor and Subject are who acted, and upon whom.
	Actor, Subject core.ID
	// Action is one action, or with ".*" behind its first parts all that begin with them: session.* is every
	// session.sign_in and session.end.
	Action Action
	// Attempts selects the tries to prove who one is alone; see Attempts.
	Attempts bool
	Outcome  Outcome
	// IP is an address in the form that netip.Addr writes.
	IP string
	// From is the earliest time, and Until the first that is too late.
	From, Until time.Time
}

// Attempts are the tries at a password, a code or another proof: what is read by those who look for guessing.
func Attempts() []Action { return []Action{ActionReauthenticate, ActionSecondFactor, ActionSignIn} }

// IsAttempt reports whether the action is one of Attempts.
func (a Action) IsAttempt() bool { return slices.Contains(Attempts(), a) }

// everyKind stands behind the parts that all actions of a family begin with.
const everyKind = "*"

// Family gives what the selected actions begin with, where Action names more than one: "session." for session.*.
func (a Action) Family() (prefix string, named bool) {
	prefix, named = strings.CutSuffix(string(a), "."+everyKind)
	return prefix + ".", named
}

// actionMax is the length of the longest action in bytes, as the table has it.
const actionMax = 64

// valid reports whether an action is written as one: parts of small letters, digits and underscores with dots between
// them, two at least.
func (a Action) valid() bool {
	parts := strings.Split(string(a), ".")
	foreign := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }
	for _, part := range parts {
		if part == "" || strings.ContainsFunc(part, foreign) {
			return false
		}
	}
	return len(parts) > 1 && len(a) <= actionMax
}

// normal gives the query as stores take it: with the address in its one spelling. KindInvalid for an action or address
// that is none, and for a time that ends before it begins.
func (q Query) normal() (Query, error) {
	var wrong core.Violations
	prefix, family := q.Action.Family()
	if q.Action != "" && !q.Action.valid() && (!family || !Action(prefix+"x").valid()) {
		wrong.Add("action", core.NewError(core.KindInvalid, core.CodeInvalidFormat,
			"This is neither an action nor the beginning of some with .* behind it."))
	}
	if q.IP != "" {
		address, err := netip.ParseAddr(q.IP)
		if err != nil || address.Zone() != "" {
			wrong.Add("ip", core.NewError(core.KindInvalid, core.CodeInvalidFormat, "This is not an IP address."))
		}
		q.IP = address.Unmap().String()
	}
	if !q.From.IsZero() && !q.Until.IsZero() && !q.From.Before(q.Until) {
		wrong.Add("to", core.NewError(core.KindInvalid, core.CodeOutOfRange, "This is not behind the beginning."))
	}
	return q, wrong.Err()
}
