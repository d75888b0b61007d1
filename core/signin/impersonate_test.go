package signin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/signin"
)

const ownerMail, personMail = "owner@example.com", "person@example.com"

// cast is an owner and a person, both signed in.
type cast struct {
	*house.House
	owner, person signin.SignedIn
}

func newCast(t *testing.T) cast {
	h := house.Open(t)
	c := cast{House: h, owner: h.Member(ownerMail, ""), person: h.Member(personMail, "")}
	c.roles(c.owner.User.ID, account.RoleOwner)
	return c
}

func (c cast) roles(user core.ID, roles ...string) {
	members := []access.Membership{{Role: account.RoleUser}}
	for _, role := range roles {
		members = append(members, access.Membership{Role: role})
	}
	_, err := c.Access.Set(c.Ctx, user, access.KindRole, members, c.Clock.Now())
	c.Must(err)
}

// impersonate has the owner impersonate the person.
func (c cast) impersonate() (signin.Impersonated, error) {
	return c.SignIn.Impersonate(c.Ctx, c.Principal(c.owner), signin.Impersonation{Target: c.person.User.ID, Reason: "Ticket 4711", For: 5 * time.Minute})
}

func TestImpersonate(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	made, err := c.impersonate()
	c.Must(err)
	if made.User.ID != c.person.User.ID || made.ExpiresIn != 5*time.Minute {
		t.Errorf("made %+v", made)
	}
	who, err := c.SignIn.Authenticate(c.Ctx, made.Access)
	c.Must(err)
	if caller := who.Principal; caller.Means != core.ByImpersonation || caller.UserID != c.person.User.ID ||
		caller.Actor != c.owner.User.ID || caller.SessionID != c.owner.Session.ID || who.User.ID != c.person.User.ID {
		t.Errorf("who calls: %+v", who)
	}
	if who.Session.ID != (core.ID{}) || who.Rights.Set != access.NewSet(access.MeRead) {
		t.Errorf("they hold %v in session %v", who.Rights, who.Session.ID)
	}
	letter := c.Letter(mail.KindImpersonated, personMail)
	if letter.IP != "" || letter.Device != "" || letter.Place != "" {
		t.Errorf("the letter tells of the administrator: %+v", letter)
	}
	history, _, err := c.Trail.Of(c.Ctx, c.person.User.ID, core.Page{})
	c.Must(err)
	if first := history[0]; first.Action != audit.ActionImpersonate || first.Actor != c.owner.User.ID || first.Metadata["reason"] != "Ticket 4711" {
		t.Errorf("her history begins with %+v", first)
	}
	_, err = c.SignIn.Impersonate(c.Ctx, who.Principal, signin.Impersonation{Target: c.owner.User.ID, Reason: "x"})
	c.Refused(err, core.Unproven())
	_, err = c.SignIn.Refresh(c.Ctx, made.Access)
	c.Refused(err, session.ErrReference)
	c.Later(5 * time.Minute)
	_, err = c.SignIn.Authenticate(c.Ctx, made.Access)
	coretest.Equal(t, core.CodeTokenExpired, core.AsError(err).Code)
}

// TestActsUnderImpersonation writes down who really acted, also where the use case knows of the person alone: should
// something be done that the rights above do not open.
func TestActsUnderImpersonation(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	made, err := c.impersonate()
	c.Must(err)
	who, err := c.SignIn.Authenticate(c.Ctx, made.Access)
	c.Must(err)
	name := "Ada King"
	_, err = c.Account.UpdateProfile(core.WithCaller(c.Ctx, who.Principal), who.Principal, account.ProfileChange{Name: &name})
	c.Must(err)
	history, _, err := c.Trail.Of(c.Ctx, c.person.User.ID, core.Page{})
	c.Must(err)
	first := history[0]
	if first.Action != audit.ActionProfileUpdate || first.Actor != c.owner.User.ID || first.Metadata[audit.MetaImpersonating] != c.person.User.ID.String() {
		t.Errorf("her history begins with %+v", first)
	}
}

// TestImpersonationEnds is everything that makes the token of an administrator good for nothing, at its next use.
func TestImpersonationEnds(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(c cast){
		"the administrator signs out": func(c cast) { c.Must(c.SignIn.Logout(c.Ctx, c.Principal(c.owner))) },
		"their permission is taken":   func(c cast) { c.roles(c.owner.User.ID, account.RoleAdmin) },
		"the person comes to hold all": func(c cast) {
			c.roles(c.owner.User.ID, account.RoleAdmin)
			c.roles(c.person.User.ID, account.RoleOwner)
		},
		"the administrator is suspended": func(c cast) {
			c.Alter(c.owner.User.ID, func(user *account.User) { user.Status = account.StatusSuspended })
		},
		"the person is suspended": func(c cast) {
			c.Alter(c.person.User.ID, func(user *account.User) { user.Status = account.StatusSuspended })
		},
		"the person deletes their account": func(c cast) {
			_, err := c.Account.Delete(c.Ctx, c.Principal(c.person))
			c.Must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCast(t)
			made, err := c.impersonate()
			c.Must(err)
			_, err = c.SignIn.Authenticate(c.Ctx, made.Access)
			c.Must(err)
			act(c)
			_, err = c.SignIn.Authenticate(c.Ctx, made.Access)
			c.Refused(err, session.ErrEnded)
		})
	}
}

// TestSessionsOfThePersonAreTheirOwn leaves the impersonation alone: it hangs on the administrator's session.
func TestSessionsOfThePersonAreTheirOwn(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	made, err := c.impersonate()
	c.Must(err)
	c.Must(c.SignIn.Logout(c.Ctx, c.Principal(c.person)))
	_, err = c.SignIn.Authenticate(c.Ctx, made.Access)
	c.Must(err)
}

func TestWhoIsNotImpersonated(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	admin := c.Member("admin@example.com", "")
	c.roles(admin.User.ID, account.RoleAdmin)
	resting := c.Member("resting@example.com", "")
	c.Alter(resting.User.ID, func(user *account.User) { user.Status = account.StatusDeactivated })
	ask := func(by signin.SignedIn, target core.ID) error {
		_, err := c.SignIn.Impersonate(c.Ctx, c.Principal(by), signin.Impersonation{Target: target, Reason: "x"})
		return err
	}
	c.Refused(ask(admin, c.person.User.ID), access.Lacks(access.UsersImpersonate))
	c.Refused(ask(c.owner, c.owner.User.ID), signin.ErrImpersonateOneself)
	c.Refused(ask(c.owner, resting.User.ID), signin.ErrNotActive)
	c.Refused(ask(c.owner, c.IDs.New()), core.ErrNotFound)
	for _, bad := range []struct {
		field string
		asked signin.Impersonation
	}{
		{"reason", signin.Impersonation{Target: c.person.User.ID, Reason: "  "}},
		{"reason", signin.Impersonation{Target: c.person.User.ID, Reason: "\u2066"}}, // of which nothing would be kept
		{"reason", signin.Impersonation{Target: c.person.User.ID, Reason: "a\nb"}},
		{"minutes", signin.Impersonation{Target: c.person.User.ID, Reason: "x", For: signin.DefaultImpersonationTTL + 1}},
	} {
		_, err := c.SignIn.Impersonate(c.Ctx, c.Principal(c.owner), bad.asked)
		if fields := core.AsError(err).Fields; len(fields) != 1 || fields[0].Field != bad.field {
			t.Errorf("%+v: %v", bad.asked, err)
		}
	}
	_, err := c.SignIn.Impersonate(c.Ctx, c.Principal(c.owner), signin.Impersonation{Target: c.person.User.ID, Reason: strings.Repeat("щ", 201), For: time.Second})
	coretest.Equal(t, 2, len(core.AsError(err).Fields))
	coretest.Equal(t, 0, c.Letters(mail.KindImpersonated, personMail))
	_, err = c.SignIn.Impersonate(c.Ctx, c.Principal(c.owner), signin.Impersonation{Target: c.person.User.ID, Reason: strings.Repeat("щ", 200)})
	c.Must(err)
	c.Later(account.DefaultRecentWindow + 1)
	_, err = c.impersonate()
	c.Refused(err, core.Unproven())
}

// service gives the caller of a service account with the scopes.
func (c cast) service(scopes ...string) (signin.Authenticated, string) {
	made, err := c.Tokens.Open(c.Ctx, c.Principal(c.owner), apitoken.AccountDraft{Name: "gateway " + strings.Join(scopes, " "), Scopes: scopes})
	c.Must(err)
	_, text, err := c.Tokens.MakeKey(c.Ctx, c.Principal(c.owner), made.ID, apitoken.KeyDraft{})
	c.Must(err)
	who, err := c.SignIn.Authenticate(c.Ctx, text.Reveal())
	c.Must(err)
	return who, text.Reveal()
}

func TestIntrospect(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	gateway, key := c.service("tokens.introspect")
	ask := func(raw string) signin.Introspection {
		told, err := c.SignIn.Introspect(c.Ctx, gateway.Principal, &gateway.Rights, raw)
		c.Must(err)
		return told
	}
	own := ask(c.person.Tokens.Access)
	if !own.Active || own.Subject != c.person.User.ID || own.SessionID != c.person.Session.ID || own.Means != core.BySession || !own.Actor.IsZero() {
		t.Errorf("an access token: %+v", own)
	}
	coretest.Equal(t, []string{"me.read", "me.write"}, own.Permissions)
	coretest.Equal(t, []string{"USER"}, own.Roles)
	made, err := c.impersonate()
	c.Must(err)
	seen := ask(made.Access)
	if !seen.Active || seen.Actor != c.owner.User.ID || seen.Subject != c.person.User.ID {
		t.Errorf("impersonation: %+v", seen)
	}
	coretest.Equal(t, []string{"me.read"}, seen.Permissions)
	if machine := ask(key); !machine.Active || machine.Subject != gateway.Principal.ServiceID || !machine.ExpiresAt.IsZero() || machine.Issuer != own.Issuer {
		t.Errorf("a key: %+v", machine)
	}
	held, text, err := c.Tokens.Create(c.Ctx, c.Principal(c.person), apitoken.Draft{Name: "x", Scopes: []string{"me.read"}})
	c.Must(err)
	if personal := ask(text.Reveal()); !personal.Active || personal.ID != held.ID || !personal.ExpiresAt.Equal(held.ExpiresAt) ||
		len(personal.Roles) > 0 {
		t.Errorf("a personal token: %+v", personal)
	}
	c.Alter(c.person.User.ID, func(user *account.User) { user.Status = account.StatusSuspended })
	for what, raw := range map[string]string{
		"of somebody suspended": c.person.Tokens.Access, "their personal token": text.Reveal(), "their impersonation": made.Access,
		"a refresh token": c.owner.Tokens.Refresh, "nonsense": "nonsense", "nothing": "",
	} {
		if told := ask(raw); told.Active || !told.Subject.IsZero() {
			t.Errorf("%s: %+v", what, told)
		}
	}
}

func TestWhoMayIntrospect(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	lesser, _ := c.service("users.read")
	person, err := c.SignIn.Authenticate(c.Ctx, c.owner.Tokens.Access)
	c.Must(err)
	_, err = c.SignIn.Introspect(c.Ctx, person.Principal, &person.Rights, c.person.Tokens.Access)
	c.Refused(err, signin.ErrNoService)
	_, err = c.SignIn.Introspect(c.Ctx, lesser.Principal, &lesser.Rights, c.person.Tokens.Access)
	c.Refused(err, access.Lacks(access.TokensIntrospect))
}

// TestTokensAreNarrow gives a program what both its scopes and its owner hold, at the time of use.
func TestTokensAreNarrow(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	_, text, err := c.Tokens.Create(c.Ctx, c.Principal(c.owner), apitoken.Draft{Name: "x", Scopes: []string{"me.read", "users.read", "users.impersonate"}})
	c.Must(err)
	rights := func() access.Set {
		who, err := c.SignIn.Authenticate(c.Ctx, text.Reveal())
		c.Must(err)
		if who.Principal.Means != core.ByToken || who.User.ID != c.owner.User.ID || !who.Session.ID.IsZero() || !who.Principal.AuthTime.IsZero() {
			t.Errorf("who calls: %+v", who)
		}
		return who.Rights.Set
	}
	coretest.Equal(t, access.NewSet(access.MeRead, access.UsersRead, access.UsersImpersonate), rights())
	c.roles(c.owner.User.ID, account.RoleAdmin)
	coretest.Equal(t, access.NewSet(access.MeRead, access.UsersRead), rights())
	c.roles(c.owner.User.ID)
	coretest.Equal(t, access.NewSet(access.MeRead), rights())
}
