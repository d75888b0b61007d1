package portabilitytest_test

import (
	"testing"

	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/portability/portabilitytest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	portabilitytest.TestStore(t, func(*testing.T) portabilitytest.Stores {
		db := coretest.NewDatabase()
		users := accounttest.NewStore(db)
		known := func(role string) bool { return role == account.RoleAdmin || role == account.RoleUser }
		return portabilitytest.Stores{
			Tx: db, Accounts: users, Porting: portabilitytest.NewMemory(db, users, known), History: audittest.NewLog(db),
		}
	})
}
