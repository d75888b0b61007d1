package access

import (
	"context"
	"slices"
	"strconv"
	"strings"

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

// noteChange notes which names came and which went.
func noteChange(event *audit.Event, added, removed []string) {
	note(event, "added", listed(added))
	note(event, "removed", listed(removed))
}

// listed writes as many of the names as an entry of metadata holds, and how many more there are.
func listed(names []string) string {
	const rest = len(" +1024")
	var text strings.Builder
	for i, name := range names {
		if text.Len()+1+len(name)+rest > audit.ValueMax {
			return strings.TrimSpace(text.String() + " +" + strconv.Itoa(len(names)-i))
		}
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(name)
	}
	return text.String()
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
