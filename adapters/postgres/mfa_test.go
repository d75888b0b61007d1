package postgres_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core/mfa/mfatest"
)

func openFactors(t *testing.T) mfatest.Stores {
	db := postgrestest.Open(t)
	return mfatest.Stores{Tx: db, Accounts: db.Accounts(), Factors: db.Factors(), Codes: db.RecoveryCodes()}
}

func TestFactors(t *testing.T) {
	t.Parallel()
	mfatest.TestStore(t, openFactors)
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	mfatest.TestRecoveryCodes(t, openFactors)
}
