package accesstest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
)

// TestMemberships proves that an access.Memberships keeps its contract. Open gives fresh stores; it may be called by
// several tests at once.
func TestMemberships(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, stores Stores){
		"gives what an account was created with": createdWith,
		"sets roles":                             setsRoles,
		"sets groups":                            setsGroups,
		"refuses what does not exist":            refusesUnknown,
		"rolls back with its transaction":        membershipsRollBack,
		"each of many is whole":                  manySet,
	})
}

func (s Stores) person(t *testing.T, change func(*account.User)) account.User {
	t.Helper()
	user := accounttest.Person("")
	user.Rev = 1
	change(&user)
	coretest.Must(t, s.Accounts.Create(t.Context(), user))
	return user
}

func (s Stores) holds(t *testing.T, user core.ID, kind access.Kind, want ...access.Membership) {
	t.Helper()
	held, err := s.Memberships.Of(t.Context(), user, kind)
	coretest.Must(t, err)
	coretest.Equal(t, want, held)
}

func createdWith(t *testing.T, s Stores) {
	group := staff("staff")
	coretest.Must(t, s.Catalogues.PutGroup(t.Context(), group))
	user := s.person(t, func(user *account.User) {
		user.Roles, user.Groups = []string{account.RoleUser, account.RoleAdmin}, []core.ID{group.ID}
	})
	s.holds(t, user.ID, access.KindRole,
		access.Membership{Role: account.RoleAdmin, At: user.CreatedAt}, access.Membership{Role: account.RoleUser, At: user.CreatedAt})
	s.holds(t, user.ID, access.KindGroup, access.Membership{Group: group.ID, At: user.CreatedAt})
	s.holds(t, accounttest.NewID(), access.KindRole)
	s.holds(t, accounttest.NewID(), access.KindGroup)
	found, err := s.Accounts.Find(t.Context(), user.ID)
	coretest.Must(t, err)
	coretest.Equal(t, []core.ID{group.ID}, found.Groups)
}

func setsRoles(t *testing.T, s Stores) {
	user, admin := s.person(t, func(*account.User) {}), accounttest.NewID()
	told := audittest.Event(user.ID, at(time.Minute))
	granted := access.Membership{Role: account.RoleAdmin, By: admin, At: at(time.Minute)}
	kept := access.Membership{Role: account.RoleUser, At: user.CreatedAt}
	change, err := s.Memberships.Set(t.Context(), user.ID, access.KindRole, []access.Membership{
		{Role: account.RoleUser, By: admin, At: at(time.Minute)}, granted, granted,
	}, at(time.Minute), told)
	coretest.Must(t, err)
	coretest.Equal(t, core.Change{Subject: core.SubjectUser, ID: user.ID, Rev: 2}, change)
	coretest.Equal(t, []core.Change{change}, s.pending(t))
	s.holds(t, user.ID, access.KindRole, granted, kept)
	found, err := s.Accounts.Find(t.Context(), user.ID)
	coretest.Must(t, err)
	user.Roles, user.Rev, user.UpdatedAt = []string{account.RoleAdmin, account.RoleUser}, 2, at(time.Minute)
	coretest.Equal(t, user, found)
	events, err := s.History.Find(t.Context(), audit.Query{Subject: user.ID}, core.Page{Limit: 10})
	coretest.Must(t, err)
	coretest.Equal(t, []audit.Event{told}, events)

	_, err = s.Memberships.Set(t.Context(), user.ID, access.KindRole, []access.Membership{granted}, at(time.Hour))
	coretest.Must(t, err)
	s.holds(t, user.ID, access.KindRole, granted)
	before, err := s.Journal.Pending(t.Context(), at(time.Hour), 10)
	coretest.Must(t, err)
	coretest.Equal(t, 1, len(before))
}

func setsGroups(t *testing.T, s Stores) {
	first, second := staff("first"), staff("second")
	coretest.Must(t, s.Catalogues.PutGroup(t.Context(), first))
	coretest.Must(t, s.Catalogues.PutGroup(t.Context(), second))
	user, other := s.person(t, func(*account.User) {}), s.person(t, func(user *account.User) { user.Groups = []core.ID{first.ID} })
	set := func(groups ...core.ID) {
		t.Helper()
		var members []access.Membership
		for _, group := range groups {
			members = append(members, access.Membership{Group: group, At: at(time.Minute)})
		}
		_, err := s.Memberships.Set(t.Context(), user.ID, access.KindGroup, members, at(time.Minute))
		coretest.Must(t, err)
	}
	set(second.ID, first.ID)
	s.holds(t, user.ID, access.KindGroup,
		access.Membership{Group: first.ID, At: at(time.Minute)}, access.Membership{Group: second.ID, At: at(time.Minute)})
	set(second.ID)
	s.holds(t, user.ID, access.KindGroup, access.Membership{Group: second.ID, At: at(time.Minute)})
	set()
	s.holds(t, user.ID, access.KindGroup)
	s.holds(t, user.ID, access.KindRole, access.Membership{Role: account.RoleUser, At: user.CreatedAt})
	s.holds(t, other.ID, access.KindGroup, access.Membership{Group: first.ID, At: other.CreatedAt})
	found, err := s.Accounts.Find(t.Context(), user.ID)
	coretest.Must(t, err)
	coretest.Equal(t, 4, int(found.Rev))
	coretest.Equal(t, 3, len(s.pending(t)))
}

func refusesUnknown(t *testing.T, s Stores) {
	user := s.person(t, func(*account.User) {})
	told := audittest.Event(user.ID, at(time.Minute))
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		for _, refused := range []struct {
			user    core.ID
			kind    access.Kind
			members []access.Membership
		}{
			{accounttest.NewID(), access.KindRole, []access.Membership{{Role: account.RoleUser, At: at(0)}}},
			{accounttest.NewID(), access.KindGroup, nil},
			{user.ID, access.KindRole, []access.Membership{{Role: account.RoleAdmin, At: at(0)}, {Role: "nobody", At: at(0)}}},
			{user.ID, access.KindGroup, []access.Membership{{Group: accounttest.NewID(), At: at(0)}}},
		} {
			change, err := s.Memberships.Set(ctx, refused.user, refused.kind, refused.members, at(0), told)
			coretest.Refused(t, err, core.ErrNotFound)
			coretest.Equal(t, core.Change{}, change)
		}
		return nil
	}))
	found, err := s.Accounts.Find(t.Context(), user.ID)
	coretest.Must(t, err)
	coretest.Equal(t, user, found)
	coretest.Equal(t, 0, len(s.pending(t)))
	events, err := s.History.Find(t.Context(), audit.Query{Subject: user.ID}, core.Page{Limit: 10})
	coretest.Must(t, err)
	coretest.Equal(t, 0, len(events))
}

func membershipsRollBack(t *testing.T, s Stores) {
	user := s.person(t, func(*account.User) {})
	s.undone(t, func(ctx context.Context) {
		_, err := s.Memberships.Set(ctx, user.ID, access.KindRole, []access.Membership{{Role: account.RoleOwner, At: at(0)}}, at(0))
		coretest.Must(t, err)
		held, err := s.Memberships.Of(ctx, user.ID, access.KindRole)
		coretest.Must(t, err)
		coretest.Equal(t, []access.Membership{{Role: account.RoleOwner, At: at(0)}}, held)
	})
	s.holds(t, user.ID, access.KindRole, access.Membership{Role: account.RoleUser, At: user.CreatedAt})
	coretest.Equal(t, 0, len(s.pending(t)))
}

// manySet sets pairs of groups at once: one pair stays, and no mixture.
func manySet(t *testing.T, s Stores) {
	groups := make([]access.Group, 2*racers)
	for i := range groups {
		groups[i] = staff(fmt.Sprint("group ", i))
		coretest.Must(t, s.Catalogues.PutGroup(t.Context(), groups[i]))
	}
	user := s.person(t, func(*account.User) {})
	coretest.Equal(t, racers, coretest.Race(t, racers, nil, func(ctx context.Context, i int) error {
		_, err := s.Memberships.Set(ctx, user.ID, access.KindGroup, []access.Membership{
			{Group: groups[2*i].ID, At: at(0)}, {Group: groups[2*i+1].ID, At: at(0)},
		}, at(0))
		return err
	}))
	found, err := s.Accounts.Find(t.Context(), user.ID)
	coretest.Must(t, err)
	coretest.Equal(t, racers+1, int(found.Rev))
	coretest.Equal(t, racers, len(s.pending(t)))
	coretest.Equal(t, 2, len(found.Groups))
	for i := range racers {
		if groups[2*i].ID == found.Groups[0] {
			coretest.Equal(t, groups[2*i+1].ID, found.Groups[1])
		}
	}
}
