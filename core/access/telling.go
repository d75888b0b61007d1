package access

import (
	"context"
	"slices"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
)

// note adds what was changed to an event. Nothing is noted of an empty value.
func note(event *audit.Event, key, value string) {
	if value == "" {
		return
	}
	if event.Metadata == nil {
		event.Metadata = make(map[string]string)
	}
	event.Metadata[key] = value
}

// NoteMemberships notes in an event which roles and groups, by name, came ("added") and which went ("removed") where before
// became after. Both are sorted. The event's Metadata, where it has one already, is written into.
func NoteMemberships(event *audit.Event, before, after []string) {
	added, removed := difference(before, after)
	noteChange(event, added, removed)
}

// noteChange notes which names came and which went.
func noteChange(event *audit.Event, added, removed []string) {
	note(event, "added", audit.Listed(added))
	note(event, "removed", audit.Listed(removed))
}

// difference tells what turns before into after. Both are sorted.
func difference(before, after []string) (added, removed []string) {
	for _, name := range after {
		if _, stays := slices.BinarySearch(before, name); !stays {
			added = append(added, name)
		}
	}
	for _, name := range before {
		if _, stays := slices.BinarySearch(after, name); !stays {
			removed = append(removed, name)
		}
	}
	return added, removed
}

// tell mails somebody the roles or groups that they got or lost and that carry a permission. Where from that was done
// is told to nobody but whoever did it to themselves.
func (s *Service) tell(ctx context.Context, caller core.Principal, user account.User, gained, lost []string) error {
	if len(gained) == 0 && len(lost) == 0 {
		return nil
	}
	var from origin.Device
	if caller.ID() == user.ID {
		from = s.deps.Origins.Of(ctx)
	}
	letter := account.NewLetter(mail.KindAccessChanged, user, from, s.deps.Clock.Now())
	letter.Gained, letter.Lost = gained, lost
	return s.deps.Post.Post(ctx, letter)
}
