package accesstest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/origin"
)

// TestRaces proves that the use cases of access keep their promises on the stores when many act at once.
func TestRaces(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, stores Stores){
		"two administrators demote each other":  raceDuel,
		"everybody demotes everybody":           raceBrawl,
		"all owners step back":                  raceOwnersStepBack,
		"all owners leave, each in another way": raceOwnersLeave,
		"the last two owners leave at once":     raceLastTwo,
		"many give the same":                    raceSameAssignment,
		"a role goes while it is given":         raceRoleGoes,
		"a group goes while it is given":        raceGroupGoes,
		"a permission goes while it is given":   racePermissionGoes,
		"a name is taken once":                  raceNames,
	})
}

// bench is the use cases on the stores of a race.
type bench struct {
	Stores
	*access.Service
	warden *access.Warden
	clock  core.Clock
	owner  core.Principal
}

func (s Stores) bench(t *testing.T) bench {
	t.Helper()
	b := bench{Stores: s, clock: core.ClockFunc(time.Now)}
	ids, nowhere := core.NewIDs(b.clock), origin.NewReader(noDevices{}, origin.Nowhere{})
	b.warden = access.NewWarden(s.Catalogues, s.Accounts, nobodyElse{}, anyhow{}, b.clock)
	b.Service = access.NewService(access.Deps{
		Lookup: s.Lookup, Catalogues: s.Catalogues, Memberships: s.Memberships, Users: s.Accounts, Obligations: nobodyElse{}, Imports: nobodyElse{}, Grants: nobodyElse{},
		Warden: b.warden, Post: noPost{}, Origins: nowhere, Tx: s.Tx, Announcer: noReplicas{}, Clock: b.clock, IDs: ids,
		Trail: audit.NewTrail(audit.Deps{
			Log: s.Log, History: s.History, Origins: nowhere, Clock: b.clock, IDs: ids, Logger: core.Discard(),
		}, audit.Config{}),
	})
	b.owner = b.person(t, account.RoleOwner)
	return b
}

// person opens an account with the roles.
func (b bench) person(t *testing.T, roles ...string) core.Principal {
	t.Helper()
	person := accounttest.Person("")
	person.Roles = roles
	coretest.Must(t, b.Accounts.Create(t.Context(), person))
	return core.Principal{UserID: person.ID}
}

// with counts the users of the list who have the role and are active.
func (b bench) with(t *testing.T, role string, callers []core.Principal) (count int) {
	t.Helper()
	for _, caller := range callers {
		user, err := b.Accounts.Find(t.Context(), caller.UserID)
		coretest.Must(t, err)
		if user.HasRole(role) && user.Status == account.StatusActive {
			count++
		}
	}
	return count
}

// errLacking is what somebody hears who is no administrator any more.
var errLacking = core.NewError(core.KindForbidden, core.CodeForbidden, "")

// raceDuel lets exactly one win, again and again.
func raceDuel(t *testing.T, s Stores) {
	b := s.bench(t)
	for range 10 {
		pair := []core.Principal{b.person(t, account.RoleAdmin), b.person(t, account.RoleAdmin)}
		coretest.Equal(t, 1, coretest.Race(t, 2, errLacking, func(ctx context.Context, i int) error {
			_, err := b.SetRoles(ctx, pair[i], pair[1-i].UserID, nil)
			return err
		}))
		coretest.Equal(t, 1, b.with(t, account.RoleAdmin, pair))
	}
}

// raceBrawl leaves one: each who wins a round was still an administrator in it.
func raceBrawl(t *testing.T, s Stores) {
	const fighters = 6
	b := s.bench(t)
	all := make([]core.Principal, fighters)
	for i := range all {
		all[i] = b.person(t, account.RoleAdmin)
	}
	coretest.Race(t, fighters*(fighters-1), errLacking, func(ctx context.Context, i int) error {
		from := i % fighters
		_, err := b.SetRoles(ctx, all[from], all[(from+1+i/fighters)%fighters].UserID, nil)
		return err
	})
	coretest.Equal(t, 1, b.with(t, account.RoleAdmin, all))
}

func (b bench) owners(t *testing.T) []core.Principal {
	t.Helper()
	owners := []core.Principal{b.owner}
	for len(owners) < 8 {
		owners = append(owners, b.person(t, account.RoleOwner))
	}
	return owners
}

func raceOwnersStepBack(t *testing.T, s Stores) {
	b := s.bench(t)
	owners := b.owners(t)
	coretest.Equal(t, len(owners)-1, coretest.Race(t, len(owners), account.ErrLastOwner, func(ctx context.Context, i int) error {
		_, err := b.SetRoles(ctx, owners[i], owners[i].UserID, nil)
		return err
	}))
	coretest.Equal(t, 1, b.with(t, account.RoleOwner, owners))
}

// raceOwnersLeave mixes those who give their role up, those who delete their account, who do not lock the catalogue,
// and those whom administration suspends, which does.
func raceOwnersLeave(t *testing.T, s Stores) {
	b := s.bench(t)
	owners, ways := b.owners(t), b.waysToLeave()
	coretest.Equal(t, len(owners)-1, coretest.Race(t, len(owners), account.ErrLastOwner, func(ctx context.Context, i int) error {
		return ways[i%len(ways)](ctx, owners[i])
	}))
	coretest.Equal(t, 1, b.with(t, account.RoleOwner, owners))
}

// raceLastTwo has two owners again and again, who leave in each pair of ways.
func raceLastTwo(t *testing.T, s Stores) {
	b := s.bench(t)
	ways := b.waysToLeave()
	for round := range 4 * len(ways) * len(ways) {
		pair := []core.Principal{b.owner, b.person(t, account.RoleOwner)}
		chosen := []int{round % len(ways), round / len(ways) % len(ways)}
		coretest.Equal(t, 1, coretest.Race(t, 2, account.ErrLastOwner, func(ctx context.Context, i int) error {
			return ways[chosen[i]](ctx, pair[i])
		}))
		coretest.Equal(t, 1, b.with(t, account.RoleOwner, pair))
		if b.with(t, account.RoleOwner, pair[:1]) == 0 {
			b.owner = pair[1]
		}
	}
}

// waysToLeave are all by which an owner can end to be one.
func (b bench) waysToLeave() []func(ctx context.Context, owner core.Principal) error {
	stepBack := func(ctx context.Context, owner core.Principal) error {
		_, err := b.SetRoles(ctx, owner, owner.UserID, nil)
		return err
	}
	return []func(ctx context.Context, owner core.Principal) error{stepBack, b.deleteThemselves, b.deactivate, b.suspend}
}

func (b bench) deleteThemselves(ctx context.Context, owner core.Principal) error {
	return b.leave(ctx, owner, func(user *account.User) {
		user.Status, user.DeletedAt, user.PurgeAt = account.StatusDeleted, b.clock.Now(), b.clock.Now().Add(time.Hour)
	})
}

func (b bench) deactivate(ctx context.Context, owner core.Principal) error {
	return b.leave(ctx, owner, func(user *account.User) { user.Status = account.StatusDeactivated })
}

// leave is what account.Service does when people close their own accounts.
func (b bench) leave(ctx context.Context, owner core.Principal, how func(user *account.User)) error {
	return b.Tx.InTx(ctx, func(ctx context.Context) error {
		_, _, err := account.Edit(ctx, b.Accounts, owner.UserID, func(user *account.User) error {
			others, err := b.Accounts.CountOwners(ctx, user.ID)
			if err == nil && others == 0 {
				err = account.ErrLastOwner
			}
			how(user)
			return err
		})
		return err
	})
}

func (b bench) suspend(ctx context.Context, owner core.Principal) error {
	return b.Tx.InTx(ctx, func(ctx context.Context) error {
		judged, err := b.warden.Permit(ctx, owner, access.Act{Any: access.UsersSuspend}, owner.UserID)
		if err == nil {
			err = b.warden.SpareLastOwner(ctx, judged.Target)
		}
		if err != nil {
			return err
		}
		_, _, err = account.Edit(ctx, b.Accounts, owner.UserID, func(user *account.User) error {
			user.Status = account.StatusSuspended
			return nil
		})
		return err
	})
}

// raceSameAssignment is one assignment: nobody fails, and one event tells of it.
func raceSameAssignment(t *testing.T, s Stores) {
	b := s.bench(t)
	user := b.person(t, account.RoleUser)
	coretest.Equal(t, racers, coretest.Race(t, racers, nil, func(ctx context.Context, _ int) error {
		_, err := b.SetRoles(ctx, b.owner, user.UserID, []string{account.RoleUser, account.RoleAdmin})
		return err
	}))
	held, err := b.RolesOf(t.Context(), user.UserID)
	coretest.Must(t, err)
	coretest.Equal(t, 2, len(held))
	events, err := b.History.Find(t.Context(), audit.Query{Subject: user.UserID}, core.Page{Limit: 10})
	coretest.Must(t, err)
	coretest.Equal(t, 1, len(events))
}

// goes lets one half give something to a person each, and the other half remove it: either it is removed, and nobody
// has it, or it stays, and whoever was told so has it.
func goes(t *testing.T, give func(ctx context.Context, i int) error, remove func(ctx context.Context) error, has func(i int) bool) {
	t.Helper()
	given, removed := make([]bool, racers), make([]bool, racers)
	coretest.Race(t, racers, nil, func(ctx context.Context, i int) error {
		if i%2 == 0 {
			err := give(ctx, i)
			given[i] = err == nil
			if domain := core.AsError(err); err != nil && domain.Kind == core.KindInvalid {
				err = nil
			}
			return err
		}
		err := remove(ctx)
		removed[i] = err == nil
		if errors.Is(err, access.ErrInUse) || errors.Is(err, core.ErrNotFound) {
			err = nil
		}
		return err
	})
	gone, kept := 0, 0
	for i := range racers {
		if removed[i] {
			gone++
		}
		if given[i] {
			kept++
		}
		if has(i) != given[i] {
			t.Errorf("%d was told %v, and has it: %v", i, given[i], has(i))
		}
	}
	if gone > 1 || gone == 1 && kept > 0 || gone == 0 && kept == 0 {
		t.Errorf("removed %d times, given %d times", gone, kept)
	}
}

func raceRoleGoes(t *testing.T, s Stores) {
	b := s.bench(t)
	for round := range 4 {
		role, err := b.CreateRole(t.Context(), b.owner, access.RoleDraft{Name: fmt.Sprintf("R%d", round)})
		coretest.Must(t, err)
		people := b.crowd(t)
		goes(t, func(ctx context.Context, i int) error {
			_, err := b.SetRoles(ctx, b.owner, people[i].UserID, []string{role.Name})
			return err
		}, func(ctx context.Context) error {
			return b.DeleteRole(ctx, b.owner, role.ID)
		}, func(i int) bool {
			held, err := b.Memberships.Of(t.Context(), people[i].UserID, access.KindRole)
			coretest.Must(t, err)
			return len(held) > 0
		})
	}
}

func raceGroupGoes(t *testing.T, s Stores) {
	b := s.bench(t)
	for round := range 4 {
		group, err := b.CreateGroup(t.Context(), b.owner, access.GroupDraft{Name: fmt.Sprintf("g%d", round)})
		coretest.Must(t, err)
		people := b.crowd(t)
		goes(t, func(ctx context.Context, i int) error {
			_, err := b.SetGroups(ctx, b.owner, people[i].UserID, []string{group.Name})
			return err
		}, func(ctx context.Context) error {
			return b.DeleteGroup(ctx, b.owner, group.ID)
		}, func(i int) bool {
			held, err := b.Memberships.Of(t.Context(), people[i].UserID, access.KindGroup)
			coretest.Must(t, err)
			return len(held) > 0
		})
	}
}

func racePermissionGoes(t *testing.T, s Stores) {
	b := s.bench(t)
	for round := range 4 {
		permission, err := b.CreatePermission(t.Context(), b.owner, access.PermissionDraft{Key: fmt.Sprintf("app.p%d", round)})
		coretest.Must(t, err)
		groups := make([]access.Group, racers)
		for i := range groups {
			groups[i], err = b.CreateGroup(t.Context(), b.owner, access.GroupDraft{Name: fmt.Sprintf("g%d-%d", round, i)})
			coretest.Must(t, err)
		}
		goes(t, func(ctx context.Context, i int) error {
			_, err := b.SetGroupPermissions(ctx, b.owner, groups[i].ID, []string{permission.Key})
			return err
		}, func(ctx context.Context) error {
			return b.DeletePermission(ctx, b.owner, permission.ID)
		}, func(i int) bool {
			group, _ := s.catalogue(t).Group(groups[i].ID)
			return len(group.Permissions) > 0
		})
	}
}

// raceNames lets many make a role of one name.
func raceNames(t *testing.T, s Stores) {
	b := s.bench(t)
	coretest.Equal(t, 1, coretest.Race(t, racers, access.ErrNameTaken, func(ctx context.Context, _ int) error {
		_, err := b.CreateRole(ctx, b.owner, access.RoleDraft{Name: "EDITOR"})
		return err
	}))
	coretest.Equal(t, 2, s.catalogue(t).Rev)
}

func (b bench) crowd(t *testing.T) []core.Principal {
	t.Helper()
	people := make([]core.Principal, racers)
	for i := range people {
		people[i] = b.person(t)
	}
	return people
}

// nobodyElse has no service accounts, was made by no import, and demands nothing.
type nobodyElse struct{}

// Scopes implements access.Services.
func (nobodyElse) Scopes(context.Context, core.ID) ([]string, error) { return nil, core.ErrNotFound }

// Granted implements access.Grants.
func (nobodyElse) Granted(context.Context, string) (bool, error) { return false, nil }

// anyhow admits everybody, whatever they came by.
type anyhow struct{}

// Stands implements access.Admissions.
func (anyhow) Stands(context.Context, core.Principal, time.Time) (bool, error) { return true, nil }

// Ask implements access.Obligations.
func (nobodyElse) Ask(*account.User, time.Time) {}

// Sever implements access.Imports.
func (nobodyElse) Sever(context.Context, core.ID) error { return nil }

// noPost takes letters and forgets them.
type noPost struct{}

// Post implements mail.Post.
func (noPost) Post(context.Context, mail.Letter) error { return nil }

// noReplicas has nobody to tell.
type noReplicas struct{}

// Announce implements core.Announcer.
func (noReplicas) Announce(context.Context, ...core.Change) {}

// noDevices recognizes none.
type noDevices struct{}

// Recognize implements origin.Recognizer.
func (noDevices) Recognize(string) origin.Device { return origin.Device{} }
