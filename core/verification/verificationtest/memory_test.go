package verificationtest_test

import (
	"testing"

	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/verification/verificationtest"
)

func open(*testing.T) verificationtest.Stores {
	db := coretest.NewDatabase()
	return verificationtest.Stores{
		Tx: db, Accounts: accounttest.NewStore(db), Registrations: accounttest.NewRegistrations(db),
		Intakes: verificationtest.NewIntakes(db), Flows: verificationtest.NewFlows(db), Links: verificationtest.NewLinks(db),
	}
}

func TestIntakes(t *testing.T) { t.Parallel(); verificationtest.TestIntakes(t, open) }
func TestFlows(t *testing.T)   { t.Parallel(); verificationtest.TestFlows(t, open) }
func TestLinks(t *testing.T)   { t.Parallel(); verificationtest.TestLinks(t, open) }
