package accounttest_test

import (
	"testing"

	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
)

func open(*testing.T) accounttest.Stores {
	db := coretest.NewDatabase()
	return accounttest.Stores{
		Tx: db, Accounts: accounttest.NewStore(db), Registrations: accounttest.NewRegistrations(db), Journal: db,
		History: audittest.NewLog(db),
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	accounttest.TestStore(t, open)
}

func TestRegistrations(t *testing.T) {
	t.Parallel()
	accounttest.TestRegistrations(t, open)
}
