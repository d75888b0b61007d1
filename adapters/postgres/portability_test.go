package postgres_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core/portability/portabilitytest"
)

func TestPortability(t *testing.T) {
	t.Parallel()
	portabilitytest.TestStore(t, func(t *testing.T) portabilitytest.Stores {
		db := postgrestest.Open(t)
		return portabilitytest.Stores{
			Tx: db, Accounts: db.Accounts(), Memberships: db.Access(), Porting: db.Portability(), History: db.Audit(),
		}
	})
}
