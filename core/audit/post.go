package audit

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/doorward/doorward/core"
)

// Posting is an event that an application reports.
type Posting struct {
	// Action is in the applications' namespace: app. and one part or more.
	Action Action
	// Subject is the user that it was done to, zero for none. Nobody looks whether there is such a one: events may
	// come late.
	Subject core.ID
	// Outcome is Success when empty.
	Outcome  Outcome
	Reason   string
	Metadata map[string]string
}

// namespace is what the actions of applications begin with. Those of this server never do, so that no application can
// pass an event off as one of them.
const namespace = "app."

// postedMax is how many entries of metadata an application has: it leaves room for the marks of this server.
const postedMax = 16

// Post writes down an event of an application. The caller is its actor, whatever the application says. What does not
// fit is refused, not cut: the application's author is to hear of it. KindInvalid.
//
// It changes nobody's rights and touches nobody, so it is not judged by access.Warden: that lets acts through one at a
// time, and applications report often.
func (t *Trail) Post(ctx context.Context, caller core.Principal, posting Posting) (Event, error) {
	if err := posting.check(); err != nil {
		return Event{}, err
	}
	event := t.Event(ctx, Event{
		Action: posting.Action, Outcome: cmp.Or(posting.Outcome, Success), Reason: posting.Reason,
		Subject: posting.Subject, Metadata: posting.Metadata,
	}.By(caller))
	return event, t.deps.Log.Append(ctx, event)
}

func (p Posting) check() error {
	var wrong core.Violations
	if !strings.HasPrefix(string(p.Action), namespace) || !p.Action.valid() {
		wrong.Add("action", core.NewError(core.KindInvalid, core.CodeInvalidFormat,
			"Actions of applications begin with app. and are made of small letters, digits and underscores."))
	}
	if p.Outcome != "" && !slices.Contains([]Outcome{Success, Failure, Refused}, p.Outcome) {
		wrong.Add("outcome", core.NewError(core.KindInvalid, core.CodeUnknownValue, "There is no such outcome."))
	}
	wrong.Add("reason", fits(p.Reason, reasonMax))
	if len(p.Metadata) > postedMax {
		wrong.Add("metadata", core.NewError(core.KindInvalid, core.CodeTooLong,
			fmt.Sprintf("This has more than %d entries.", postedMax)))
	}
	for _, key := range slices.Sorted(maps.Keys(p.Metadata)) {
		if key == MetaToken || key == MetaImpersonating {
			wrong.Add("metadata."+key, core.NewError(core.KindInvalid, core.CodeNotAllowed, "Only this server writes that."))
			continue
		}
		if key == "" || fits(key, KeyMax) != nil {
			wrong.Add("metadata", core.NewError(core.KindInvalid, core.CodeInvalidFormat,
				fmt.Sprintf("Keys are printable, and have 1 to %d characters.", KeyMax)))
			continue
		}
		wrong.Add("metadata."+key, fits(p.Metadata[key], ValueMax))
	}
	return wrong.Err()
}

// fits refuses a text that could not be kept as it is.
func fits(text string, limit int) error {
	switch {
	case utf8.RuneCountInString(text) > limit:
		return core.NewError(core.KindInvalid, core.CodeTooLong, fmt.Sprintf("This has more than %d characters.", limit))
	case clean(text, limit) != text:
		return core.NewError(core.KindInvalid, core.CodeInvalidFormat, "This is not printable.")
	}
	return nil
}
