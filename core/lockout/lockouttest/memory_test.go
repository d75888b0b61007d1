package lockouttest_test

import (
	"testing"

	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device/devicetest"
	"github.com/doorward/doorward/core/lockout/lockouttest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	lockouttest.TestTries(t, func(*testing.T) lockouttest.Stores {
		db := coretest.NewDatabase()
		accounts := accounttest.NewStore(db)
		devices := devicetest.NewMemory(db, accounts)
		return lockouttest.Stores{Tx: db, Tries: lockouttest.NewMemory(db, devices), Devices: devices, Accounts: accounts}
	})
}
