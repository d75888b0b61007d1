package sqlite_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core/verification/verificationtest"
)

func openVerification(t *testing.T) verificationtest.Stores {
	db := sqlitetest.Open(t)
	return verificationtest.Stores{
		Tx: db, Accounts: db.Accounts(), Registrations: db.Registrations(),
		Intakes: db.Intakes(), Flows: db.Flows(), Links: db.Links(),
	}
}

func TestIntakes(t *testing.T) {
	t.Parallel()
	verificationtest.TestIntakes(t, openVerification)
}

func TestFlows(t *testing.T) {
	t.Parallel()
	verificationtest.TestFlows(t, openVerification)
}

func TestLinks(t *testing.T) {
	t.Parallel()
	verificationtest.TestLinks(t, openVerification)
}
