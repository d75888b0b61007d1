package postgres_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/internal/bulktest"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
)

func TestBulk(t *testing.T) {
	t.Parallel()
	bulktest.Contract(t, func(t *testing.T) bulktest.Parts {
		db := postgrestest.Open(t)
		return bulktest.Parts{
			Engine: db, Tx: db, Accounts: db.Accounts(), Devices: db.Devices(), Factors: db.Factors(), History: db.Audit(),
			Catalogues: db.Access(),
		}
	})
}
