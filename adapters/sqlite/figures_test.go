package sqlite_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core/dashboard/dashboardtest"
)

func TestFigures(t *testing.T) {
	t.Parallel()
	dashboardtest.TestFigures(t, func(t *testing.T) dashboardtest.Stores {
		db := sqlitetest.Open(t)
		return dashboardtest.Stores{
			Tx: db, Figures: db.Figures(), Folder: db.Figures(), Users: db.Accounts(), Catalogues: db.Access(),
			Members: db.Access(), Sessions: db.Sessions(), Factors: db.Factors(), Retention: db.Retention(),
		}
	})
}
