package apitokentest_test

import (
	"testing"

	"github.com/doorward/doorward/core/access/accesstest"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/apitoken/apitokentest"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/session/sessiontest"
)

func open(*testing.T) apitokentest.Stores {
	db := coretest.NewDatabase()
	accounts, services := accounttest.NewStore(db), apitokentest.NewServiceAccounts(db)
	tokens, catalogue, log := apitokentest.NewTokens(db, accounts), accesstest.NewMemory(db, accounts), audittest.NewLog(db)
	sessions := sessiontest.NewMemory(db, accounts, sessiontest.NewBeside(db, accounts, nil))
	return apitokentest.Stores{
		Tx: db, Tokens: tokens, Services: services, Keys: services.Keys(), Accounts: accounts,
		Beside: apitokentest.Beside{
			Admissions: apitokentest.Admissions{Sessions: sessions, Tokens: tokens, Keys: services.Keys()},
			Sessions:   sessions, Ender: sessions, Access: catalogue, Catalogues: catalogue, Log: log, History: log,
		},
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

func TestAdmissions(t *testing.T) {
	t.Parallel()
	apitokentest.TestAdmissions(t, open)
}

func TestRaces(t *testing.T) {
	t.Parallel()
	apitokentest.TestRaces(t, open)
}
