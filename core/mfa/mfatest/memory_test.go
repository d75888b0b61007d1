package mfatest_test

import (
	"testing"

	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mfa/mfatest"
)

func open(*testing.T) mfatest.Stores {
	db := coretest.NewDatabase()
	users := accounttest.NewStore(db)
	factors := mfatest.NewFactors(db, users)
	users.SecondFactors = factors.Kinds
	return mfatest.Stores{Tx: db, Accounts: users, Factors: factors, Codes: mfatest.NewRecoveryCodes(db)}
}

func TestMemoryFactors(t *testing.T) {
	t.Parallel()
	mfatest.TestStore(t, open)
}

func TestMemoryRecoveryCodes(t *testing.T) {
	t.Parallel()
	mfatest.TestRecoveryCodes(t, open)
}
