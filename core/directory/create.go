package directory

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
)

// NewUser is an account to be opened for somebody. It never has a password: nobody but its owner ever knows it (OWASP
// ASVS 5.0 6.4.6).
type NewUser struct {
	Email    string
	Username string
	Profile  account.Profile
	// Country is ISO 3166-1 alpha-2, or empty.
	Country    string
	ExternalID string
	// Roles and Groups are names. Without any role the account has account.RoleUser.
	Roles  []string
	Groups []string
	// EmailVerified takes the address for proven.
	EmailVerified bool
	// Invite mails the link by which the person sets their password, and which proves the mailbox.
	Invite bool
}

// Create opens an account. Roles other than account.RoleUser, and groups, want access.AccessWrite as well, and the caller
// holds all that they give. KindInvalid with every field that breaks a rule, core.CodeUnknownValue for roles and groups
// that do not exist; account.ErrEmailTaken, account.ErrUsernameTaken, account.ErrExternalIDTaken; access.ErrExceeds; and
// those of access.Warden.Enter.
func (s *Service) Create(ctx context.Context, by By, asked NewUser) (created account.User, err error) {
	if err := by.check(); err != nil {
		return account.User{}, err
	}
	user, err := s.draft(asked)
	if err != nil {
		return account.User{}, err
	}
	event := by.event(audit.ActionUserCreate, user.ID)
	err = core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		given, err := s.given(ctx, by, asked)
		if err != nil {
			return nil, err
		}
		if err = s.deps.Users.Create(ctx, user, s.deps.Trail.Event(ctx, given.noted(event))); err != nil {
			return nil, err
		}
		changes, err := s.give(ctx, user, given)
		if err != nil {
			return nil, err
		}
		if created, err = s.deps.Users.Find(ctx, user.ID); err == nil && asked.Invite {
			err = s.mailPassword(ctx, created)
		}
		return changes, err
	})
	if err != nil {
		event.Subject = core.ID{} // who was not created
	}
	return created, s.deps.Trail.Refuse(ctx, event, err)
}

// draft makes the account as far as it can be made without the database.
func (s *Service) draft(asked NewUser) (account.User, error) {
	now := s.deps.Clock.Now()
	user := account.User{
		ID: s.deps.IDs.New(), Profile: asked.Profile, EmailVerified: asked.EmailVerified, Status: account.StatusActive,
		Source: account.SourceCreated, CreatedAt: now, UpdatedAt: now,
	}
	if asked.Invite {
		user.Source = account.SourceInvited
	}
	var violations core.Violations
	var err error
	user.Email, user.EmailKey, err = account.NormalizeEmail(asked.Email)
	violations.Add("email", err)
	if asked.Username != "" {
		user.Username, user.UsernameKey, err = account.NormalizeUsername(asked.Username)
		violations.Add("username", err)
	}
	violations.AddFields(user.Profile.Validate("")...)
	violations.Add("country", setCountry(&user, asked.Country))
	violations.Add("external_id", setExternalID(&user, asked.ExternalID))
	return user, violations.Err()
}

// given is what a new account is given: who may open it has been judged. names are those of all of it, sorted.
type given struct {
	roles, groups []access.Membership
	names         []string
}

// noted is the event of the opening with what is given, unless that is what everybody has.
func (g given) noted(event audit.Event) audit.Event {
	if slices.Equal(g.names, []string{account.RoleUser}) {
		return event
	}
	event.Metadata = maps.Clone(event.Metadata)
	access.NoteMemberships(&event, nil, g.names)
	return event
}

// given judges the opening of an account with what it is given.
func (s *Service) given(ctx context.Context, by By, asked NewUser) (to given, err error) {
	judged, err := s.deps.Warden.Enter(ctx, by.caller)
	if err != nil {
		return given{}, err
	}
	gives, violations := access.Set{}, core.Violations{}
	at, roles := s.deps.Clock.Now(), asked.Roles
	if len(roles) == 0 {
		roles = []string{account.RoleUser}
	}
	for i, name := range roles {
		if slices.Contains(roles[:i], name) {
			continue // once is enough
		}
		if _, known := judged.Catalogue.RoleNamed(name); !known {
			violations.AddFields(unknown("roles", i, "There is no such role."))
		}
		set := judged.Catalogue.OfRole(name)
		gives.Join(&set)
		to.roles, to.names = append(to.roles, access.Membership{Role: name, By: by.caller.ID(), At: at}), append(to.names, name)
	}
	for i, name := range asked.Groups {
		if slices.Contains(asked.Groups[:i], name) {
			continue
		}
		group, known := judged.Catalogue.GroupNamed(name)
		if !known {
			violations.AddFields(unknown("groups", i, "There is no such group."))
		}
		set := judged.Catalogue.OfGroup(group.ID)
		gives.Join(&set)
		to.groups, to.names = append(to.groups, access.Membership{Group: group.ID, By: by.caller.ID(), At: at}), append(to.names, name)
	}
	if err := permitGift(&judged.Caller, asked, gives); err != nil {
		return given{}, err
	}
	slices.Sort(to.names)
	return to, violations.Err()
}

// permitGift judges who opens an account, and who gives it rights.
func permitGift(rights *access.Rights, asked NewUser, gives access.Set) error {
	resource, act := access.Resource{Holds: gives}, access.Act{Any: access.UsersWrite}
	if err := access.Decide(rights, act, &resource).Err(act); err != nil {
		return err
	}
	plain := func(role string) bool { return role == account.RoleUser }
	if len(asked.Groups) == 0 && !slices.ContainsFunc(asked.Roles, func(role string) bool { return !plain(role) }) {
		return nil
	}
	act.Any = access.AccessWrite
	return access.Decide(rights, act, &resource).Err(act)
}

// give gives a new account its roles and groups.
func (s *Service) give(ctx context.Context, user account.User, to given) (changes []core.Change, err error) {
	for kind, members := range map[access.Kind][]access.Membership{access.KindRole: to.roles, access.KindGroup: to.groups} {
		if len(members) == 0 {
			continue
		}
		change, err := s.deps.Memberships.Set(ctx, user.ID, kind, members, s.deps.Clock.Now())
		if err != nil {
			return nil, err
		}
		changes = append(changes, change)
	}
	return changes, nil
}

func unknown(field string, at int, message string) core.FieldError {
	return core.FieldError{Field: field + "." + strconv.Itoa(at), Code: core.CodeUnknownValue, Message: message}
}
