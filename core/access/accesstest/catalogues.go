package accesstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
)

// TestCatalogues proves that an access.Catalogues keeps its contract. Open gives fresh stores; it may be called by
// several tests at once.
func TestCatalogues(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, stores Stores){
		"overwrites what stands":               overwrites,
		"keeps names unique":                   namesAreUnique,
		"knows what permissions there are":     unknownPermission,
		"removes what is not in use":           removes,
		"raises and journals":                  raises,
		"rolls back with its transaction":      catalogueRollsBack,
		"acts come one after another":          actsAreSerial,
		"one of many takes the name":           oneTakesTheName,
		"nobody is left with what was removed": removalAgainstAssignment,
	})
}

func overwrites(t *testing.T, s Stores) {
	role, group, permission := support(), staff("staff"), refunds()
	coretest.Must(t, s.Catalogues.PutPermission(t.Context(), permission))
	coretest.Must(t, s.Catalogues.PutRole(t.Context(), role))
	coretest.Must(t, s.Catalogues.PutGroup(t.Context(), group))

	changed := role
	changed.Name, changed.System, changed.CreatedAt = "other", true, at(time.Hour)
	changed.Description, changed.SecondFactorSince, changed.UpdatedAt = "", at(time.Second), at(time.Minute)
	changed.Permissions = []string{"audit.read", "users.read"}
	coretest.Must(t, s.Catalogues.PutRole(t.Context(), changed))
	changed.Name, changed.System, changed.CreatedAt = role.Name, role.System, role.CreatedAt
	coretest.Equal(t, changed, s.role(t, role.ID))

	renamed := group
	renamed.Name, renamed.Description, renamed.CreatedAt = "crew", "Others", at(time.Hour)
	renamed.UpdatedAt, renamed.Permissions = at(time.Minute), nil
	coretest.Must(t, s.Catalogues.PutGroup(t.Context(), renamed))
	renamed.CreatedAt = group.CreatedAt
	coretest.Equal(t, []access.Group{renamed}, s.catalogue(t).Groups)

	told := permission
	told.Key, told.System, told.CreatedAt, told.Description, told.Category = "other.key", true, at(time.Hour), "New", "money"
	coretest.Must(t, s.Catalogues.PutPermission(t.Context(), told))
	told.Key, told.System, told.CreatedAt = permission.Key, false, permission.CreatedAt
	for _, standing := range s.catalogue(t).Permissions {
		if standing.ID == permission.ID {
			coretest.Equal(t, told, standing)
		}
	}
}

func (s Stores) role(t *testing.T, id core.ID) access.Role {
	t.Helper()
	for _, role := range s.catalogue(t).Roles {
		if role.ID == id {
			return role
		}
	}
	t.Fatal("no such role")
	return access.Role{}
}

func namesAreUnique(t *testing.T, s Stores) {
	group := staff("staff")
	coretest.Must(t, s.Catalogues.PutGroup(t.Context(), staff("crew")))
	coretest.Must(t, s.Catalogues.PutGroup(t.Context(), group))
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		role, permission := support(), refunds()
		role.Name, permission.Key = account.RoleAdmin, "users.read"
		coretest.Refused(t, s.Catalogues.PutRole(ctx, role), access.ErrNameTaken)
		coretest.Refused(t, s.Catalogues.PutPermission(ctx, permission), access.ErrNameTaken)
		coretest.Refused(t, s.Catalogues.PutGroup(ctx, staff("staff")), access.ErrNameTaken)
		renamed := group
		renamed.Name = "crew"
		coretest.Refused(t, s.Catalogues.PutGroup(ctx, renamed), access.ErrNameTaken)
		role.Name = "staff" // as a group is called, which is another kind
		return s.Catalogues.PutRole(ctx, role)
	}))
	coretest.Equal(t, 4, len(s.catalogue(t).Roles))
	coretest.Equal(t, "staff", s.catalogue(t).Groups[1].Name)
}

func unknownPermission(t *testing.T, s Stores) {
	role, group := support(), staff("staff")
	coretest.Must(t, s.Catalogues.PutRole(t.Context(), role))
	before := s.catalogue(t).Content
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		changed := role
		changed.Description, changed.Permissions = "Other", []string{"audit.read", "no.such"}
		group.Permissions = []string{"no.such", "audit.read"}
		coretest.Refused(t, s.Catalogues.PutRole(ctx, changed), core.ErrNotFound)
		coretest.Refused(t, s.Catalogues.PutGroup(ctx, group), core.ErrNotFound)
		return nil
	}))
	coretest.Equal(t, before, s.catalogue(t).Content)
}

func removes(t *testing.T, s Stores) {
	role, group, permission, user := support(), staff("staff"), refunds(), accounttest.Person("ada")
	role.Permissions, group.Permissions = []string{permission.Key}, []string{permission.Key}
	coretest.Must(t, s.Catalogues.PutPermission(t.Context(), permission))
	coretest.Must(t, s.Catalogues.PutRole(t.Context(), role))
	coretest.Must(t, s.Catalogues.PutGroup(t.Context(), group))
	user.Roles, user.Groups = []string{role.Name}, []core.ID{group.ID}
	coretest.Must(t, s.Accounts.Create(t.Context(), user))
	refused := func(want error, kind access.Kind, id core.ID) {
		t.Helper()
		coretest.Refused(t, s.Catalogues.Remove(t.Context(), kind, id), want)
	}
	for _, kind := range []access.Kind{access.KindRole, access.KindGroup, access.KindPermission} {
		refused(core.ErrNotFound, kind, accounttest.NewID())
	}
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Refused(t, s.Catalogues.Remove(ctx, access.KindRole, role.ID), access.ErrInUse)
		coretest.Refused(t, s.Catalogues.Remove(ctx, access.KindGroup, group.ID), access.ErrInUse)
		coretest.Refused(t, s.Catalogues.Remove(ctx, access.KindPermission, permission.ID), access.ErrInUse)
		_, err := s.Memberships.Set(ctx, user.ID, access.KindRole, nil, at(time.Minute))
		coretest.Must(t, err)
		_, err = s.Memberships.Set(ctx, user.ID, access.KindGroup, nil, at(time.Minute))
		return err
	}))
	coretest.Must(t, s.Catalogues.Remove(t.Context(), access.KindRole, role.ID))
	refused(access.ErrInUse, access.KindPermission, permission.ID)
	coretest.Must(t, s.Catalogues.Remove(t.Context(), access.KindGroup, group.ID))
	coretest.Must(t, s.Catalogues.Remove(t.Context(), access.KindPermission, permission.ID))
	refused(core.ErrNotFound, access.KindRole, role.ID)
	coretest.Equal(t, 3, len(s.catalogue(t).Roles))
	coretest.Equal(t, 0, len(s.catalogue(t).Groups))
}

func raises(t *testing.T, s Stores) {
	for rev := int64(2); rev <= 3; rev++ {
		change, err := s.Catalogues.Raise(t.Context(), at(time.Duration(rev)*time.Minute))
		coretest.Must(t, err)
		coretest.Equal(t, core.Change{Subject: core.SubjectAccess, Rev: rev}, change)
		coretest.Equal(t, rev, s.catalogue(t).Rev)
	}
	coretest.Equal(t, []core.Change{{Subject: core.SubjectAccess, Rev: 2}, {Subject: core.SubjectAccess, Rev: 3}}, s.pending(t))
	before, err := s.Journal.Pending(t.Context(), at(3*time.Minute), 10)
	coretest.Must(t, err)
	coretest.Equal(t, 1, len(before))
	coretest.Must(t, s.Journal.Clear(t.Context(), before...))
	coretest.Equal(t, 1, len(s.pending(t)))
}

func catalogueRollsBack(t *testing.T, s Stores) {
	role := support()
	coretest.Must(t, s.Catalogues.PutRole(t.Context(), role))
	before := s.catalogue(t).Content
	s.undone(t, func(ctx context.Context) {
		_, err := s.Catalogues.Hold(ctx)
		coretest.Must(t, err)
		changed := role
		changed.Permissions = []string{"audit.read"}
		coretest.Must(t, s.Catalogues.PutRole(ctx, changed))
		coretest.Must(t, s.Catalogues.PutGroup(ctx, staff("staff")))
		coretest.Must(t, s.Catalogues.PutPermission(ctx, refunds()))
		coretest.Must(t, s.Catalogues.Remove(ctx, access.KindRole, role.ID))
		_, err = s.Catalogues.Raise(ctx, at(0))
		coretest.Must(t, err)
		inside, err := s.Lookup.Catalogue(ctx)
		coretest.Must(t, err)
		coretest.Equal(t, 2, inside.Rev)
		coretest.Equal(t, 1, len(inside.Groups))
	})
	coretest.Equal(t, before, s.catalogue(t).Content)
	coretest.Equal(t, 0, len(s.pending(t)))
}

// actsAreSerial has each act do what depends on what it has read: none may read the same.
func actsAreSerial(t *testing.T, s Stores) {
	done := coretest.Race(t, racers, nil, func(ctx context.Context, _ int) error {
		return s.Tx.InTx(ctx, func(ctx context.Context) error {
			held, err := s.Catalogues.Hold(ctx)
			if err != nil {
				return err
			}
			if err := s.Catalogues.PutGroup(ctx, staff(fmt.Sprintf("group %02d", len(held.Groups)))); err != nil {
				return err
			}
			change, err := s.Catalogues.Raise(ctx, at(0))
			if err == nil && change.Rev != held.Rev+1 {
				err = fmt.Errorf("revision %d follows %d", change.Rev, held.Rev)
			}
			return err
		})
	})
	coretest.Equal(t, racers, done)
	catalogue := s.catalogue(t)
	coretest.Equal(t, racers+1, int(catalogue.Rev))
	for i, group := range catalogue.Groups {
		coretest.Equal(t, fmt.Sprintf("group %02d", i), group.Name)
	}
	coretest.Equal(t, racers, len(catalogue.Groups))
}

func oneTakesTheName(t *testing.T, s Stores) {
	wins := coretest.Race(t, racers, access.ErrNameTaken, func(ctx context.Context, _ int) error {
		return s.Catalogues.PutRole(ctx, support())
	})
	coretest.Equal(t, 1, wins)
}

// removalAgainstAssignment lets many get a group that is being removed.
func removalAgainstAssignment(t *testing.T, s Stores) {
	group := staff("staff")
	coretest.Must(t, s.Catalogues.PutGroup(t.Context(), group))
	users := make([]account.User, racers)
	for i := range users {
		users[i] = accounttest.Person("")
		coretest.Must(t, s.Accounts.Create(t.Context(), users[i]))
	}
	var removed bool
	var mu sync.Mutex
	coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, i int) error {
		if i%8 == 7 {
			err := s.Catalogues.Remove(ctx, access.KindGroup, group.ID)
			if errors.Is(err, access.ErrInUse) {
				return nil
			}
			mu.Lock()
			removed = removed || err == nil
			mu.Unlock()
			return err
		}
		_, err := s.Memberships.Set(ctx, users[i].ID, access.KindGroup, []access.Membership{{Group: group.ID, At: at(0)}}, at(0))
		return err
	})
	having := 0
	for _, user := range users {
		found, err := s.Accounts.Find(t.Context(), user.ID)
		coretest.Must(t, err)
		having += len(found.Groups)
	}
	if stands := len(s.catalogue(t).Groups) == 1; stands == removed || removed && having > 0 {
		t.Errorf("removed %t, stands %t, and %d have it", removed, stands, having)
	}
}
