package postgres_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core/apitoken/apitokentest"
)

func openTokens(t *testing.T) apitokentest.Stores {
	db := postgrestest.Open(t)
	return apitokentest.Stores{
		Tx: db, Tokens: db.PersonalTokens(), Services: db.ServiceAccounts(), Keys: db.ServiceKeys(), Accounts: db.Accounts(),
		Beside: apitokentest.Beside{
			Admissions: db.Admissions(), Sessions: db.Sessions(), Ender: db.Sessions(), Access: db.Access(), Catalogues: db.Access(),
			Log: db.Audit(), History: db.Audit(),
		},
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

func TestTokensBesideWriters(t *testing.T) {
	t.Parallel()
	apitokentest.TestBesideWriters(t, openTokens)
}

func TestAdmissions(t *testing.T) {
	t.Parallel()
	apitokentest.TestAdmissions(t, openTokens)
}

func TestTokenRaces(t *testing.T) {
	t.Parallel()
	apitokentest.TestRaces(t, openTokens)
}
