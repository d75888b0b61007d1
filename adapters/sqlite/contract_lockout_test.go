package sqlite_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core/device/devicetest"
	"github.com/doorward/doorward/core/lockout/lockouttest"
)

func TestTries(t *testing.T) {
	t.Parallel()
	lockouttest.TestTries(t, func(t *testing.T) lockouttest.Stores {
		db := sqlitetest.Open(t)
		return lockouttest.Stores{Tx: db, Tries: db.Tries(), Devices: db.Devices(), Accounts: db.Accounts()}
	})
}

func TestDevices(t *testing.T) {
	t.Parallel()
	devicetest.TestStore(t, func(t *testing.T) devicetest.Stores {
		db := sqlitetest.Open(t)
		return devicetest.Stores{Tx: db, Devices: db.Devices(), Accounts: db.Accounts()}
	})
}
