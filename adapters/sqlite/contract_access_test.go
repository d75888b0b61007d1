package sqlite_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core/access/accesstest"
)

func openAccess(t *testing.T) accesstest.Stores {
	db := sqlitetest.Open(t)
	return accesstest.Stores{
		Tx: db, Lookup: db.Access(), Catalogues: db.Access(), Memberships: db.Access(), Accounts: db.Accounts(),
		Journal: db.Sessions(), Log: db.Audit(), History: db.Audit(),
	}
}

func TestAccessLookup(t *testing.T) {
	t.Parallel()
	accesstest.TestLookup(t, openAccess)
}

func TestAccessCatalogues(t *testing.T) {
	t.Parallel()
	accesstest.TestCatalogues(t, openAccess)
}

func TestAccessMemberships(t *testing.T) {
	t.Parallel()
	accesstest.TestMemberships(t, openAccess)
}

func TestAccessRaces(t *testing.T) {
	t.Parallel()
	accesstest.TestRaces(t, openAccess)
}
