package access_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
)

const userAddress = "user@Example.com"

func TestRolesAreGivenAndTaken(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.role("EMPTY")
	first := o.Clock.Now()
	o.Tells(o.user.UserID, func() {
		held, err := o.Roles.SetRoles(o.Ctx, o.admin, o.user.UserID, []string{"USER", "EMPTY", "ADMIN"})
		o.Must(err)
		coretest.Equal(t, "ADMIN EMPTY USER", heldNames(held))
		coretest.Equal(t, o.admin.UserID, held[0].By)
		coretest.Equal(t, first, held[0].At)
	}, "user.set_roles success by person added=ADMIN EMPTY")
	coretest.Equal(t, 1, o.Announced.Of(core.SubjectUser, o.user.UserID))
	letter := o.Letter(mail.KindAccessChanged, userAddress)
	coretest.Equal(t, []string{"ADMIN"}, letter.Gained)
	coretest.Equal(t, "", letter.IP+letter.Device+letter.Place)

	o.Later(time.Hour)
	o.Tells(o.user.UserID, func() {
		held, err := o.Roles.SetRoles(o.Ctx, o.owner, o.user.UserID, []string{"ADMIN"})
		o.Must(err)
		coretest.Equal(t, o.admin.UserID, held[0].By)
		coretest.Equal(t, first, held[0].At)
	}, "user.set_roles success by person removed=EMPTY USER")
	coretest.Equal(t, 1, o.Letters(mail.KindAccessChanged, userAddress))
	o.give(o.user)
	coretest.Equal(t, 2, o.Letters(mail.KindAccessChanged, userAddress))
	coretest.Equal(t, []string{"ADMIN"}, o.Letter(mail.KindAccessChanged, userAddress).Lost)
	held, err := o.Roles.RolesOf(o.Ctx, o.user.UserID)
	o.Must(err)
	coretest.Equal(t, 0, len(held))
}

func heldNames(held []access.HeldRole) string {
	names := make([]string, 0, len(held))
	for _, role := range held {
		names = append(names, role.Name)
	}
	return strings.Join(names, " ")
}

func TestGroupsAreGivenAndTaken(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.group("support", "users.read")
	o.group("choir")
	robot := o.Machine("robot", "access.write", "users.read")
	o.Tells(o.user.UserID, func() {
		held, err := o.Roles.SetGroups(o.Ctx, robot, o.user.UserID, []string{"support", "choir"})
		o.Must(err)
		coretest.Equal(t, "choir", held[0].Name)
		coretest.Equal(t, robot.ServiceID, held[1].By)
	}, "user.set_groups success by service added=choir support")
	coretest.Equal(t, []string{"support"}, o.Letter(mail.KindAccessChanged, userAddress).Gained)
	got, err := o.Roles.GroupsOf(o.Ctx, o.user.UserID)
	o.Must(err)
	coretest.Equal(t, 2, len(got))
	for _, err := range []error{
		func() error { _, err := o.Roles.GroupsOf(o.Ctx, core.ID{15: 9}); return err }(),
		func() error { _, err := o.Roles.SetGroups(o.Ctx, o.admin, core.ID{15: 9}, nil); return err }(),
		func() error { _, err := o.Roles.RolesOf(o.Ctx, core.ID{15: 9}); return err }(),
		func() error { _, err := o.Roles.SetRoles(o.Ctx, o.admin, core.ID{15: 9}, nil); return err }(),
		func() error { _, err := o.Roles.EffectiveOf(o.Ctx, core.ID{15: 9}); return err }(),
	} {
		o.Refused(err, core.ErrNotFound)
	}
}

// TestNobodyGivesTakesOrTouchesMoreThanTheyHold tries it, and finds everything as it was.
func TestNobodyGivesTakesOrTouchesMoreThanTheyHold(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.role("MORE", "users.impersonate")
	o.group("more", "users.impersonate")
	o.group("none")
	strong := o.hire("strong", "MORE")
	scoped := o.Program(o.admin.UserID, "access.write")
	for name, c := range map[string]struct {
		caller, target core.Principal
		roles          []string
	}{
		"to somebody else":           {o.admin, o.user, []string{"MORE"}},
		"to oneself":                 {o.admin, o.admin, []string{"ADMIN", "MORE"}},
		"ownership":                  {o.admin, o.user, []string{"OWNER"}},
		"ownership to oneself":       {o.admin, o.admin, []string{"OWNER", "ADMIN"}},
		"from an owner":              {o.admin, o.owner, []string{"USER"}},
		"something to an owner":      {o.admin, o.owner, []string{"OWNER", "USER"}},
		"from somebody with more":    {o.admin, strong, nil},
		"with a token that may less": {scoped, o.user, []string{"ADMIN"}},
		"from an equal, with that":   {scoped, o.admin, nil},
		"a machine, ownership":       {o.Machine("robot", "access.write"), o.user, []string{"OWNER"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := o.User(c.target.UserID)
			_, err := o.Roles.SetRoles(o.Ctx, c.caller, c.target.UserID, c.roles)
			exceeds(t, err)
			coretest.Equal(t, before, o.User(c.target.UserID))
		})
	}
	_, err := o.Roles.SetGroups(o.Ctx, o.admin, o.user.UserID, []string{"more"})
	o.Refused(err, access.ErrExceeds)
	_, err = o.Roles.SetGroups(o.Ctx, o.admin, o.owner.UserID, []string{"none"})
	o.Refused(err, access.ErrExceeds)
	o.Tells(o.owner.UserID, func() {
		_, err = o.Roles.SetRoles(o.Ctx, o.admin, o.owner.UserID, nil)
	}, "user.set_roles refused exceeds_own_rights by person")
	o.Refused(err, access.ErrExceeds)
}

// An administrator may step back, and is none from that moment on.
func TestWhoStepsBack(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	_, err := o.Roles.SetRoles(o.Ctx, o.admin, o.admin.UserID, nil)
	o.Must(err)
	letter := o.Letter(mail.KindAccessChanged, "admin@Example.com")
	coretest.Equal(t, house.Client.IP.String(), letter.IP)
	_, err = o.Roles.SetRoles(o.Ctx, o.admin, o.admin.UserID, []string{"ADMIN"})
	coretest.Equal(t, core.CodeForbidden, core.AsError(err).Code)
}

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	demote := func(caller, target core.Principal) error {
		_, err := o.Roles.SetRoles(o.Ctx, caller, target.UserID, []string{"ADMIN"})
		return err
	}
	o.Refused(demote(o.owner, o.owner), account.ErrLastOwner)
	second := o.hire("second", account.RoleOwner)
	o.Alter(second.UserID, func(user *account.User) { user.Status = account.StatusSuspended })
	o.Refused(demote(o.owner, o.owner), account.ErrLastOwner)
	o.Must(demote(o.owner, second))
	third := o.hire("third", account.RoleOwner)
	o.Must(demote(third, o.owner))
	o.Refused(demote(third, third), account.ErrLastOwner)
	// Other roles of an owner are no matter.
	_, err := o.Roles.SetRoles(o.Ctx, third, third.UserID, []string{"OWNER", "ADMIN"})
	o.Must(err)
}

// Whatever fails takes the whole act with it.
func TestNothingHappensByHalves(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	before := o.User(o.user.UserID)
	o.Post.Fail(true)
	o.Tells(o.user.UserID, func() {
		_, err := o.Roles.SetRoles(o.Ctx, o.admin, o.user.UserID, []string{"ADMIN"})
		o.Refused(err, house.ErrPost)
	})
	coretest.Equal(t, before, o.User(o.user.UserID))
	coretest.Equal(t, 0, o.Announced.Of(core.SubjectUser, o.user.UserID))
}

func TestEffectivePermissions(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.permission("articles.write")
	o.role("EDITOR", "articles.write", "users.read")
	o.group("press", "articles.write")
	o.group("desk", "articles.write", "mail.read")
	o.give(o.user, "EDITOR")
	_, err := o.Roles.SetGroups(o.Ctx, o.owner, o.user.UserID, []string{"press", "desk"})
	o.Must(err)
	show := func(held []access.Effective, err error) (lines []string) {
		o.Must(err)
		for _, each := range held {
			lines = append(lines, fmt.Sprintf("%s %v %v", each.Key, each.FromRoles, each.FromGroups))
		}
		return lines
	}
	want := []string{
		"articles.write [EDITOR] [desk press]", "mail.read [] [desk]", "me.read [] []", "me.write [] []", "users.read [EDITOR] []",
	}
	coretest.Equal(t, want, show(o.Roles.EffectiveOf(o.Ctx, o.user.UserID)))
	coretest.Equal(t, want, show(o.Roles.OwnPermissions(o.Ctx, o.user)))
	token := o.Program(o.user.UserID, "articles.write", "me.read", "users.write")
	coretest.Equal(t, []string{want[0], want[2]}, show(o.Roles.OwnPermissions(o.Ctx, token)))
	all, _, err := o.Roles.Permissions(o.Ctx, core.Page{Limit: core.PageLimitMax})
	o.Must(err)
	coretest.Equal(t, len(all), len(show(o.Roles.EffectiveOf(o.Ctx, o.owner.UserID))))
}

// TestLongListsFitAnEvent keeps what an event tells within its bounds, by whole names.
func TestLongListsFitAnEvent(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	var keys []string
	for i := range 40 {
		keys = append(keys, o.permission(fmt.Sprintf("articles.write%02d", i)).Key)
	}
	made := o.role("EDITOR", keys...)
	for _, event := range o.Log.All() {
		if event.Subject == made.ID {
			coretest.Equal(t, strings.Join(keys[:11], " ")+" +29", event.Metadata["added"])
		}
	}
}
