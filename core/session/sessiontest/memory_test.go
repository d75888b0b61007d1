package sessiontest_test

import (
	"testing"

	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/session/sessiontest"
)

func openMemory(*testing.T) sessiontest.Parts {
	db := coretest.NewDatabase()
	accounts := accounttest.NewStore(db)
	memory := sessiontest.NewMemory(db, accounts)
	return sessiontest.Parts{Store: memory, Ender: memory, Lookup: memory, Journal: db, Accounts: accounts, Tx: db}
}

func TestMemoryStore(t *testing.T)   { t.Parallel(); sessiontest.Store(t, openMemory) }
func TestMemoryEnder(t *testing.T)   { t.Parallel(); sessiontest.Ender(t, openMemory) }
func TestMemoryLookup(t *testing.T)  { t.Parallel(); sessiontest.Lookup(t, openMemory) }
func TestMemoryJournal(t *testing.T) { t.Parallel(); sessiontest.Journal(t, openMemory) }
