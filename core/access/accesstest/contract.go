package accesstest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/session"
)

// Stores is what the suites are run on: the stores of one fresh database, which holds what is built in and nothing else.
type Stores struct {
	Tx          core.Transactor
	Lookup      access.Lookup
	Catalogues  access.Catalogues
	Memberships access.Memberships
	Accounts    account.Store
	Journal     session.Journal
	Log         audit.Log
	History     audit.History
}

// racers is how many goroutines fight over one thing.
const racers = 32

// TestLookup proves that an access.Lookup keeps its contract, and that the database begins with the permissions and
// roles that this package knows by name.
func TestLookup(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, stores Stores){
		"begins with what is built in":    builtIn,
		"gives what is committed, sorted": givesCommitted,
		"a ctx that ended":                endedLookup,
	})
}

func (s Stores) catalogue(t *testing.T) *access.Catalogue {
	t.Helper()
	catalogue, err := s.Lookup.Catalogue(t.Context())
	coretest.Must(t, err)
	return catalogue
}

func builtIn(t *testing.T, s Stores) {
	catalogue := s.catalogue(t)
	coretest.Equal(t, 1, catalogue.Rev)
	want := map[string]core.ID{}
	var admin []string
	for bit := access.MeRead; bit.Key() != ""; bit++ {
		want[bit.Key()] = PermissionID(bit)
		if !slices.Contains([]access.Bit{
			access.MeRead, access.MeWrite, access.UsersImpersonate, access.UsersExportHashes,
		}, bit) {
			admin = append(admin, bit.Key())
		}
	}
	got := map[string]core.ID{}
	for _, permission := range catalogue.Permissions {
		got[permission.Key] = permission.ID
		if !permission.System || permission.Description == "" || permission.Category == "" {
			t.Errorf("%+v", permission)
		}
	}
	coretest.Equal(t, want, got)
	slices.Sort(admin)
	roles := map[string]access.Role{}
	for _, role := range catalogue.Roles {
		if role.Description == "" {
			t.Errorf("%s has no description", role.Name)
		}
		role.Description = ""
		roles[role.Name] = role
	}
	coretest.Equal(t, map[string]access.Role{
		account.RoleOwner: {ID: OwnerID, Name: account.RoleOwner, System: true, CreatedAt: seededAt, UpdatedAt: seededAt},
		account.RoleAdmin: {
			ID: AdminID, Name: account.RoleAdmin, System: true, Permissions: admin, CreatedAt: seededAt, UpdatedAt: seededAt,
		},
		account.RoleUser: {ID: UserID, Name: account.RoleUser, System: true, CreatedAt: seededAt, UpdatedAt: seededAt},
	}, roles)
	coretest.Equal(t, nil, catalogue.Groups)
}

func at(after time.Duration) time.Time { return coretest.Epoch.Add(after) }

// support is a role that reads users, staff a group that does so too, refunds a permission of an application.
func support() access.Role {
	return access.Role{
		ID: accounttest.NewID(), Name: "support", Description: "Helps", Permissions: []string{"mail.read", "users.read"},
		CreatedAt: at(0), UpdatedAt: at(time.Second),
	}
}

func staff(name string) access.Group {
	return access.Group{
		ID: accounttest.NewID(), Name: name, Description: "Who works here", Permissions: []string{"dashboard.read"},
		CreatedAt: at(0), UpdatedAt: at(time.Second),
	}
}

func refunds() access.Permission {
	return access.Permission{
		ID: accounttest.NewID(), Key: "refunds.grant", Description: "Give money back", Category: "shop", CreatedAt: at(0),
	}
}

func givesCommitted(t *testing.T, s Stores) {
	before := s.catalogue(t)
	role, zebra, ant, permission := support(), staff("zebra"), staff("ant"), refunds()
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		held, err := s.Catalogues.Hold(ctx)
		coretest.Must(t, err)
		coretest.Equal(t, before.Content, held.Content)
		coretest.Must(t, s.Catalogues.PutPermission(ctx, permission))
		role.Permissions = []string{"users.read", "refunds.grant", "mail.read"}
		coretest.Must(t, s.Catalogues.PutRole(ctx, role))
		coretest.Must(t, s.Catalogues.PutGroup(ctx, zebra))
		coretest.Must(t, s.Catalogues.PutGroup(ctx, ant))
		change, err := s.Catalogues.Raise(ctx, at(time.Minute))
		coretest.Equal(t, core.Change{Subject: core.SubjectAccess, Rev: 2}, change)
		return err
	}))
	after := s.catalogue(t)
	coretest.Equal(t, 2, after.Rev)
	coretest.Equal(t, []access.Group{ant, zebra}, after.Groups)
	slices.Sort(role.Permissions)
	coretest.Equal(t, append(slices.Clone(before.Roles), role), after.Roles)
	if !slices.IsSortedFunc(after.Permissions, func(a, b access.Permission) int {
		return slices.Compare([]byte(a.Key), []byte(b.Key))
	}) || !slices.Contains(after.Permissions, permission) {
		t.Errorf("permissions %v", after.Permissions)
	}
}

func endedLookup(t *testing.T, s Stores) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Lookup.Catalogue(ctx)
	coretest.Equal(t, core.KindUnavailable, core.AsError(err).Kind)
}

// errRollback rolls a transaction back.
var errRollback = errors.New("rolled back on purpose")

// undone runs act in a transaction that is rolled back.
func (s Stores) undone(t *testing.T, act func(ctx context.Context)) {
	t.Helper()
	coretest.Refused(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		act(ctx)
		return errRollback
	}), errRollback)
}

func (s Stores) pending(t *testing.T) []core.Change {
	t.Helper()
	changes, err := s.Journal.Pending(t.Context(), at(24*time.Hour), 1000)
	coretest.Must(t, err)
	return changes
}
