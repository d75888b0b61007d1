package signin

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/token"
)

// How long an administrator impersonates somebody.
const (
	// DefaultImpersonationTTL is the longest unless the deployment says otherwise: it is enough to see what somebody
	// complains about.
	DefaultImpersonationTTL = 15 * time.Minute
	// MaxImpersonationTTL is the longest that a deployment can say.
	MaxImpersonationTTL = time.Hour
	// MinImpersonationTTL is the shortest.
	MinImpersonationTTL = time.Minute
)

// ReasonMax is how long the reason of an impersonation is at the most, in code points: what an event has room for.
const ReasonMax = audit.ValueMax

// ImpersonationConfig bounds impersonation.
type ImpersonationConfig struct {
	// TTL is the longest; DefaultImpersonationTTL when zero (IMPERSONATION_TTL).
	TTL time.Duration
	// RecentWindow is how old the administrator's last proof of identity may be; account.DefaultRecentWindow when zero.
	RecentWindow time.Duration
}

// impersonate is the act. Nobody does it to somebody who holds more than they do.
var impersonate = access.Act{Any: access.UsersImpersonate}

// ErrImpersonateOneself is the answer to who would impersonate themselves.
var ErrImpersonateOneself = core.NewError(core.KindConflict, core.CodeConflict, "You are this person already.")

// ErrNotActive is the answer to who would impersonate somebody whose account is not active.
var ErrNotActive = core.NewError(core.KindConflict, core.CodeConflict, "This account is not active.")

// Impersonation is what an administrator asks for.
type Impersonation struct {
	Target core.ID
	// Reason is why, in one line: it is kept in the audit log.
	Reason string
	// For is how long; the longest when zero.
	For time.Duration
}

// Impersonated is a token that shows what the person sees. There is nothing to refresh it with.
type Impersonated struct {
	User      account.User
	Access    string
	ExpiresIn time.Duration
}

// Impersonate gives the caller a token in the place of a person, marked as such by its act claim. Every use of it is
// judged anew: it is dead once the caller's session is, or they are not active, lose the permission or any that the person
// holds. It opens nothing but what the person sees of themselves, and changes nothing of it. It is written down and told to
// the person.
//
// Errors: core.CodeReauthentication; KindForbidden for any caller but one with a session of their own;
// KindInvalid for the fields reason and minutes; those of access.Warden.Permit; ErrImpersonateOneself, ErrNotActive.
func (s *Service) Impersonate(ctx context.Context, principal core.Principal, asked Impersonation) (Impersonated, error) {
	made, err := s.impersonate(ctx, principal, asked)
	event := audit.Event{Action: audit.ActionImpersonate, Subject: asked.Target}
	return made, s.deps.Trail.Refuse(ctx, event.By(principal), err)
}

func (s *Service) impersonate(ctx context.Context, principal core.Principal, asked Impersonation) (Impersonated, error) {
	administrator, err := s.deps.Users.Find(ctx, principal.UserID)
	if err != nil {
		return Impersonated{}, fmt.Errorf("find user: %w", err)
	}
	now := s.deps.Clock.Now()
	if err = administrator.RequireProof(principal, now, s.config.Impersonation.RecentWindow); err != nil {
		return Impersonated{}, err
	}
	if asked, err = s.readImpersonation(asked); err != nil {
		return Impersonated{}, err
	}
	var person account.User
	err = s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
		judged, err := s.deps.Warden.Permit(ctx, principal, impersonate, asked.Target)
		if err != nil {
			return err
		}
		person = judged.Target
		switch {
		case person.ID == principal.UserID:
			return ErrImpersonateOneself
		case person.Status != account.StatusActive:
			return ErrNotActive
		}
		return s.tellImpersonation(ctx, principal, person, asked, now)
	})
	if err != nil {
		return Impersonated{}, err
	}
	return s.mintImpersonation(ctx, principal, person, asked.For)
}

// readImpersonation holds what is asked for against the rules.
func (s *Service) readImpersonation(asked Impersonation) (Impersonation, error) {
	var wrong core.Violations
	asked.Reason = strings.TrimSpace(asked.Reason)
	switch {
	case asked.Reason == "":
		wrong.AddFields(core.FieldError{Field: "reason", Code: core.CodeRequired, Message: "A reason is needed."})
	case utf8.RuneCountInString(asked.Reason) > ReasonMax:
		wrong.AddFields(core.FieldError{Field: "reason", Code: core.CodeTooLong, Message: "A reason has 200 characters at the most."})
	case strings.ContainsFunc(asked.Reason, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }):
		// The log leaves such letters out: a reason of nothing else would be none.
		wrong.AddFields(core.FieldError{
			Field: "reason", Code: core.CodeNotAllowed, Message: "A reason is one line of printable characters.",
		})
	}
	longest := s.config.Impersonation.TTL
	switch {
	case asked.For == 0:
		asked.For = longest
	case asked.For < MinImpersonationTTL || asked.For > longest:
		wrong.AddFields(core.FieldError{
			Field: "minutes", Code: core.CodeOutOfRange, Message: fmt.Sprintf("It lasts 1 to %d minutes.", int(longest/time.Minute)),
		})
	}
	return asked, wrong.Err()
}

// tellImpersonation writes it down and to the person.
func (s *Service) tellImpersonation(
	ctx context.Context, principal core.Principal, person account.User, asked Impersonation, now time.Time,
) error {
	event := audit.Event{Action: audit.ActionImpersonate, Subject: person.ID, Metadata: map[string]string{
		"reason": asked.Reason, "minutes": fmt.Sprint(int(asked.For / time.Minute)),
	}}
	if err := s.deps.Trail.Record(ctx, event.By(principal)); err != nil {
		return err
	}
	letter := account.NewLetter(mail.KindImpersonated, person, s.deps.Origins.Of(ctx), now)
	letter.IP, letter.Place, letter.Device = "", "", "" // those of the administrator are nobody else's
	return s.deps.Post.Post(ctx, letter)
}

// mintImpersonation makes the token once everything is committed.
func (s *Service) mintImpersonation(
	ctx context.Context, principal core.Principal, person account.User, ttl time.Duration,
) (Impersonated, error) {
	_, held, _, err := s.deps.Sessions.Authenticate(ctx, principal.SessionID, principal.UserID, principal.AuthTime)
	if err != nil {
		return Impersonated{}, err
	}
	made, err := s.deps.Issuer.Access(impersonationGrant(principal, held, person, ttl))
	if err != nil {
		return Impersonated{}, fmt.Errorf("mint access token: %w", err)
	}
	return Impersonated{User: person, Access: made.Token, ExpiresIn: made.ExpiresAt.Sub(s.deps.Clock.Now())}, nil
}

func impersonationGrant(principal core.Principal, held session.Session, person account.User, ttl time.Duration) token.Grant {
	return token.Grant{
		UserID: person.ID, SessionID: principal.SessionID, Actor: principal.UserID, AuthTime: principal.AuthTime,
		Factors: principal.Factors, Roles: person.Roles, TTL: ttl, NotAfter: held.ExpiresAt,
	}
}
