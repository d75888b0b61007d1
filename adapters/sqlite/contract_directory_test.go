package sqlite_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core/directory/directorytest"
)

func TestDirectory(t *testing.T) {
	t.Parallel()
	directorytest.TestIndex(t, func(t *testing.T) directorytest.Stores {
		db := sqlitetest.Open(t)
		return directorytest.Stores{
			Accounts: db.Accounts(), Catalogues: db.Access(), Factors: db.Factors(), Index: db.Directory(),
		}
	})
}
