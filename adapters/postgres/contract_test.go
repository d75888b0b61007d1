package postgres_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core/account/accounttest"
)

func openAccounts(t *testing.T) accounttest.Stores {
	db := postgrestest.Open(t)
	return accounttest.Stores{
		Tx: db, Accounts: db.Accounts(), Registrations: db.Registrations(), Journal: db.Sessions(), History: db.Audit(),
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	accounttest.TestStore(t, openAccounts)
}

func TestRegistrations(t *testing.T) {
	t.Parallel()
	accounttest.TestRegistrations(t, openAccounts)
}
