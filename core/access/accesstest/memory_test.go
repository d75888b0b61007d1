package accesstest_test

import (
	"testing"

	"github.com/doorward/doorward/core/access/accesstest"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
)

func open(*testing.T) accesstest.Stores {
	db := coretest.NewDatabase()
	users := accounttest.NewStore(db)
	memory := accesstest.NewMemory(db, users)
	log := audittest.NewLog(db)
	return accesstest.Stores{
		Tx: db, Lookup: memory, Catalogues: memory, Memberships: memory, Accounts: users, Journal: db,
		Log: log, History: log,
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	accesstest.TestLookup(t, open)
}

func TestCatalogues(t *testing.T) {
	t.Parallel()
	accesstest.TestCatalogues(t, open)
}

func TestMemberships(t *testing.T) {
	t.Parallel()
	accesstest.TestMemberships(t, open)
}

func TestRaces(t *testing.T) {
	t.Parallel()
	accesstest.TestRaces(t, open)
}
