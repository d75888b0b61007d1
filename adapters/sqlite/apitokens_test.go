package sqlite_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core/apitoken/apitokentest"
)

func openTokens(t *testing.T) apitokentest.Stores {
	db := sqlitetest.Open(t)
	return apitokentest.Stores{
		Tx: db, Tokens: db.PersonalTokens(), Services: db.ServiceAccounts(), Keys: db.ServiceKeys(), Accounts: db.Accounts(),
	}
}

func TestPersonalTokens(t *testing.T) {
	t.Parallel()
	apitokentest.TestTokens(t, openTokens)
}

func TestServiceAccounts(t *testing.T) {
	t.Parallel()
	apitokentest.TestServices(t, openTokens)
}
