package directory

import (
	"context"
	"maps"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/verification"
)

// By is who acts, and why. The reason stands in the audit log, and so in the activity that the person acted upon sees.
type By struct {
	caller   core.Principal
	operator bool
	reason   string
}

// Caller is a caller of the API. The reason, which may be empty, has audit.ValueMax characters at the most, all of them
// printable: else every act is refused with KindInvalid for the field "reason".
func Caller(principal core.Principal, reason string) By {
	return By{caller: principal, reason: strings.TrimSpace(reason)}
}

// Operator is somebody at the command line of the server, who may do everything to accounts that stand. To open one, or
// to give or take rights, wants a caller, whose own are its measure.
func Operator(reason string) By { return By{operator: true, reason: strings.TrimSpace(reason)} }

// event is an act upon a user.
func (b By) event(action audit.Action, subject core.ID) audit.Event {
	event := audit.Event{Action: action, Subject: subject, ActorKind: audit.Operator}
	if !b.operator {
		event = event.By(b.caller)
	}
	if b.reason != "" {
		event.Metadata = map[string]string{"reason": b.reason}
	}
	return event
}

func (b By) check() error {
	switch {
	case utf8.RuneCountInString(b.reason) > audit.ValueMax:
		return core.InvalidField("reason", core.CodeTooLong, "A reason has 200 characters at the most.")
	case strings.ContainsFunc(b.reason, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }):
		return core.InvalidField("reason", core.CodeNotAllowed, "A reason is one line of printable characters.")
	}
	return nil
}

// act is something that is done to a user.
type act struct {
	action audit.Action
	needs  access.Bit
	// own permits it upon the caller's own account.
	own bool
	// lacking is told, where it is set, to callers without the permission.
	lacking error
	// do does it in the transaction, to the user as they are, and notes in the event what there is to say.
	do func(ctx context.Context, user account.User, event *audit.Event) ([]core.Change, error)
}

// act does an act and writes it down, done or refused.
func (s *Service) act(ctx context.Context, by By, id core.ID, a act) error {
	if err := by.check(); err != nil {
		return err
	}
	event := by.event(a.action, id)
	err := core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		user, err := s.permit(ctx, by, id, a)
		if err != nil {
			return nil, err
		}
		done := event
		if done.Metadata = maps.Clone(event.Metadata); done.Metadata == nil {
			done.Metadata = make(map[string]string)
		}
		changes, err := a.do(ctx, user, &done)
		if err != nil {
			return nil, err
		}
		return changes, s.deps.Trail.Record(ctx, done)
	})
	return s.deps.Trail.Refuse(ctx, event, err)
}

// permit judges an act in its transaction, and gives the user.
func (s *Service) permit(ctx context.Context, by By, id core.ID, a act) (account.User, error) {
	if by.operator {
		return s.deps.Users.Find(ctx, id)
	}
	judged, err := s.deps.Warden.Permit(ctx, by.caller, access.Act{Any: a.needs, Others: !a.own}, id)
	if a.lacking != nil && judged.Verdict == access.Lacking {
		err = a.lacking
	}
	return judged.Target, err
}

// edit saves what change makes of the user, who is in one of the states. core.ErrConflict in any other.
func (s *Service) edit(
	ctx context.Context, id core.ID, states []account.Status, change func(user *account.User) error,
) (account.User, core.Change, error) {
	return account.Edit(ctx, s.deps.Users, id, func(user *account.User) error {
		for _, state := range states {
			if user.Status == state {
				user.UpdatedAt = s.deps.Clock.Now()
				return change(user)
			}
		}
		return core.ErrConflict
	})
}

// usable are the states of accounts whose owners can sign in, or come back by signing in.
var usable = []account.Status{account.StatusActive, account.StatusDeactivated}

// kept are the states of accounts that are not on their way out.
var kept = []account.Status{account.StatusActive, account.StatusDeactivated, account.StatusSuspended}

// letter tells the user what was done by somebody else: not from where, which is that person's own.
func (s *Service) letter(kind mail.Kind, user account.User) mail.Letter {
	return account.NewLetter(kind, user, origin.Device{}, s.deps.Clock.Now())
}

// mailLink posts a letter with a link that is good once, for ttl.
func (s *Service) mailLink(
	ctx context.Context, kind mail.Kind, user account.User, purpose verification.Purpose, ttl time.Duration,
) (err error) {
	letter := s.letter(kind, user)
	link := verification.Link{Purpose: purpose, User: user.ID}
	if letter.Token, letter.LinkExpiresAt, err = s.deps.Prover.Link(ctx, link, ttl); err != nil {
		return err
	}
	return s.deps.Post.Post(ctx, letter)
}

// mailPassword sends the link that sets the password: the first one to those who have none.
func (s *Service) mailPassword(ctx context.Context, user account.User) error {
	const purpose = verification.PurposePasswordReset
	if user.PasswordChangedAt.IsZero() {
		return s.mailLink(ctx, mail.KindInvitation, user, purpose, s.config.InvitationTTL)
	}
	return s.mailLink(ctx, mail.KindPasswordResetForced, user, purpose, ResetLinkTTL)
}
