package postgres_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core/dashboard/dashboardtest"
)

func TestFigures(t *testing.T) {
	t.Parallel()
	dashboardtest.TestFigures(t, func(t *testing.T) dashboardtest.Stores {
		db := postgrestest.Open(t)
		return dashboardtest.Stores{
			Tx: db, Figures: db.Figures(), Folder: db.Figures(), Users: db.Accounts(), Catalogues: db.Access(),
			Members: db.Access(), Sessions: db.Sessions(), Factors: db.Factors(), Retention: db.Retention(),
		}
	})
}
