package directorytest_test

import (
	"testing"

	"github.com/doorward/doorward/core/access/accesstest"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory/directorytest"
	"github.com/doorward/doorward/core/mfa/mfatest"
)

func TestIndex(t *testing.T) {
	t.Parallel()
	directorytest.TestIndex(t, func(*testing.T) directorytest.Stores {
		db := coretest.NewDatabase()
		users := accounttest.NewStore(db)
		factors := mfatest.NewFactors(db, users)
		users.SecondFactors = factors.Kinds
		return directorytest.Stores{
			Accounts: users, Catalogues: accesstest.NewMemory(db, users), Factors: factors, Index: directorytest.NewMemory(users),
		}
	})
}
