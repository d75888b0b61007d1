package signin_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/access/accesstest"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/signin"
)

// demand makes the role of administrators demand a second factor from now on, or no longer.
func demand(h *house.House, demanded bool) {
	catalogue, err := h.Access.Catalogue(h.Ctx)
	h.Must(err)
	role, _ := catalogue.RoleNamed(account.RoleAdmin)
	role.SecondFactorSince = time.Time{}
	if demanded {
		role.SecondFactorSince = h.Clock.Now()
	}
	h.Must(h.Access.PutRole(h.Ctx, role))
}

// give makes somebody an administrator.
func give(h *house.House, user account.User) {
	_, err := h.Access.Set(h.Ctx, user.ID, access.KindRole, []access.Membership{
		{Role: account.RoleAdmin, At: h.Clock.Now()},
	}, h.Clock.Now())
	h.Must(err)
}

func enrolBy(h *house.House, in signin.SignedIn) time.Time {
	who, err := h.SignIn.Authenticate(h.Ctx, in.Tokens.Access)
	h.Must(err)
	return who.EnrolBy
}

// What a role demands reaches who is signed in at once, and counts from the next sign-in when there is one.
func TestObligationOfARole(t *testing.T) {
	t.Parallel()
	h := house.OpenFactors(t, signin.Config{RequireVerification: true}, mfa.Config{Grace: time.Hour})
	member, other := h.Member(ada, ""), h.Member("grace@example.com", "")
	give(h, member.User)
	live := h.Login(ada)
	coretest.Equal(t, time.Time{}, enrolBy(h, live))

	h.Later(time.Minute)
	demand(h, true)
	deadline := h.Clock.Now().Add(time.Hour)
	h.Later(time.Minute)
	coretest.Equal(t, deadline, enrolBy(h, live))
	coretest.Equal(t, time.Time{}, enrolBy(h, other))
	coretest.Equal(t, account.Protection{}, h.User(member.User.ID).Protection)
	renewed, err := h.SignIn.Refresh(h.Ctx, live.Tokens.Refresh)
	h.Must(err)
	coretest.Equal(t, deadline, renewed.EnrolBy)

	asked := h.Login(ada)
	coretest.Equal(t, h.Clock.Now().Add(time.Hour), asked.EnrolBy)
	h.Later(time.Minute)
	demand(h, true) // changed again, which gives no new grace
	coretest.Equal(t, asked.EnrolBy, enrolBy(h, asked))
	coretest.Equal(t, asked.EnrolBy, h.Login(ada).EnrolBy)

	app := h.Enrol(h.Principal(asked))
	coretest.Equal(t, time.Time{}, enrolBy(h, asked))
	proven, err := h.SignIn.Reauthenticate(h.Ctx, h.Principal(asked), signin.Confirmation{Factor: mfa.KindTOTP, Code: app.Code()})
	h.Must(err)
	coretest.Equal(t, time.Time{}, proven.EnrolBy)
	h.Refused(h.Factors.Remove(h.Ctx, h.Principal(proven), app.Factor.ID), mfa.ErrRequired)
	demand(h, false)
	h.Must(h.Factors.Remove(h.Ctx, h.Principal(proven), app.Factor.ID))
	coretest.Equal(t, time.Time{}, h.Login(ada).EnrolBy)
	coretest.Equal(t, account.Protection{}, h.User(member.User.ID).Protection)
}

// Whoever is given a role that has demanded a second factor for long has the whole grace; without one there is none.
func TestObligationOfARoleGivenLater(t *testing.T) {
	t.Parallel()
	for _, grace := range []time.Duration{0, time.Hour} {
		h := house.OpenFactors(t, signin.Config{RequireVerification: true}, mfa.Config{Grace: grace})
		demand(h, true)
		owner := h.Admin("owner@example.com", account.RoleOwner)
		set := func(user account.User, roles ...string) {
			_, err := h.Roles.SetRoles(h.Ctx, owner, user.ID, roles)
			h.Must(err)
		}
		h.Member(ada, "")
		h.Later(time.Hour)
		live := h.Login(ada)
		coretest.Equal(t, time.Time{}, enrolBy(h, live))
		h.Later(time.Minute)
		set(live.User, account.RoleAdmin)
		given := h.Clock.Now()
		h.Later(time.Minute)
		set(live.User, account.RoleAdmin, account.RoleUser) // which gives no new grace
		coretest.Equal(t, given.Add(grace), enrolBy(h, live))
		set(live.User, account.RoleUser)
		coretest.Equal(t, time.Time{}, enrolBy(h, live))
		coretest.Equal(t, account.Protection{}, h.User(live.User.ID).Protection)

		set(live.User, account.RoleAdmin)
		demand(h, false)
		set(live.User, account.RoleUser) // which leaves the date of a demand that is over
		h.Later(2 * time.Hour)
		demand(h, true)
		set(live.User, account.RoleAdmin)
		coretest.Equal(t, h.Clock.Now().Add(grace), enrolBy(h, h.Login(ada)))
	}
}

// program makes a token that may do to the account what its owner may.
func program(h *house.House, owner signin.SignedIn) (raw string) {
	_, made, err := h.Tokens.Create(h.Ctx, h.Principal(owner), apitoken.Draft{Name: "x", Scopes: []string{"me.read", "me.write"}})
	h.Must(err)
	return made.Reveal()
}

// A program keeps what a role demands from nobody, whatever it does to the account: its owner need never sign in again.
func TestProgramsPutNoDemandOff(t *testing.T) {
	t.Parallel()
	h := house.OpenFactors(t, signin.Config{RequireVerification: true}, mfa.Config{Grace: time.Hour})
	member := h.Member(ada, "")
	give(h, member.User)
	live := h.Login(ada)
	raw := program(h, live)
	h.Later(time.Minute)
	demand(h, true)
	deadline := h.Clock.Now().Add(time.Hour)
	for _, name := range []string{"Ada", "Ada King", "Ada"} {
		h.Later(4 * time.Minute)
		who, err := h.SignIn.Authenticate(h.Ctx, raw)
		h.Must(err)
		coretest.Equal(t, deadline, who.EnrolBy)
		_, err = h.Account.UpdateProfile(h.Ctx, who.Principal, account.ProfileChange{Name: &name})
		h.Must(err)
	}
	coretest.Equal(t, deadline, enrolBy(h, live))
	asked := h.Login(ada)
	coretest.Equal(t, asked.EnrolBy, enrolBy(h, signin.SignedIn{Tokens: signin.Tokens{Access: raw}}))
}

// What is demanded of all binds the programs of those, too, who do not sign in: from when their tokens were made.
func TestDemandsOfAllBindPrograms(t *testing.T) {
	t.Parallel()
	h := house.OpenFactors(t, signin.Config{RequireVerification: true}, mfa.Config{Grace: time.Hour, RequireAll: true})
	live := h.Member(ada, "")
	raw := program(h, live)
	byToken := signin.SignedIn{Tokens: signin.Tokens{Access: raw}}
	deadline := h.Clock.Now().Add(time.Hour)
	h.Alter(live.User.ID, func(user *account.User) { user.Protection.EnrolBy = time.Time{} }) // as before the rule
	h.Later(time.Minute)
	coretest.Equal(t, time.Time{}, enrolBy(h, live))
	coretest.Equal(t, deadline, enrolBy(h, byToken))
	asked := h.Login(ada)
	coretest.Equal(t, h.Clock.Now().Add(time.Hour), asked.EnrolBy)
	coretest.Equal(t, asked.EnrolBy, enrolBy(h, byToken))
}

// TestRightsComeWithTheCaller reads them from the catalogue and the account of this moment.
func TestRightsComeWithTheCaller(t *testing.T) {
	t.Parallel()
	h := house.OpenFactors(t, signin.Config{RequireVerification: true}, mfa.Config{})
	member := h.Member(ada, "")
	rights := func() access.Rights {
		who, err := h.SignIn.Authenticate(h.Ctx, member.Tokens.Access)
		h.Must(err)
		return who.Rights
	}
	everybody := access.NewSet(access.MeRead, access.MeWrite)
	coretest.Equal(t, access.Rights{Who: member.User.ID, Set: everybody}, rights())
	give(h, member.User)
	if held := rights(); !held.Set.Has(access.UsersRead) || held.Set.Has(access.UsersImpersonate) {
		t.Errorf("an administrator holds %v", held.Set)
	}
	h.Must(h.Access.PutRole(h.Ctx, access.Role{ID: accesstest.AdminID, Permissions: []string{"mail.read"}}))
	want := everybody
	want.Add(access.MailRead)
	coretest.Equal(t, want, rights().Set)
}
