package portabilitytest_test

import (
	"testing"

	"github.com/doorward/doorward/core/access/accesstest"
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
		held := accesstest.NewMemory(db, users)
		return portabilitytest.Stores{
			Tx: db, Accounts: users, Memberships: held, Porting: portabilitytest.NewMemory(db, users, held),
			History: audittest.NewLog(db),
		}
	})
}
