package apitokentest_test

import (
	"testing"

	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/apitoken/apitokentest"
	"github.com/doorward/doorward/core/coretest"
)

func open(*testing.T) apitokentest.Stores {
	db := coretest.NewDatabase()
	accounts, services := accounttest.NewStore(db), apitokentest.NewServiceAccounts(db)
	return apitokentest.Stores{
		Tx: db, Tokens: apitokentest.NewTokens(db, accounts), Services: services, Keys: services.Keys(), Accounts: accounts,
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	apitokentest.TestTokens(t, open)
}

func TestServices(t *testing.T) {
	t.Parallel()
	apitokentest.TestServices(t, open)
}
