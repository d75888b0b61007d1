package devicetest_test

import (
	"testing"

	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device/devicetest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	devicetest.TestStore(t, func(*testing.T) devicetest.Stores {
		db := coretest.NewDatabase()
		accounts := accounttest.NewStore(db)
		return devicetest.Stores{Tx: db, Devices: devicetest.NewMemory(db, accounts), Accounts: accounts}
	})
}
