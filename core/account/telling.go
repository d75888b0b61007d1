package account

import (
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// own is an act of the caller upon their own account.
func own(action audit.Action, principal core.Principal) audit.Event {
	return audit.Event{
		Action: action, Actor: principal.UserID, Subject: principal.UserID, SessionID: principal.SessionID,
	}
}

// proven is an act upon the user's account of somebody who has followed a link to it.
func proven(action audit.Action, user core.ID) audit.Event {
	return audit.Event{Action: action, Actor: user, Subject: user}
}

// told adds the names of what was changed to an event; never the values, which may name the person.
func told(event audit.Event, key, names string) audit.Event {
	event.Metadata = map[string]string{key: names}
	return event
}
