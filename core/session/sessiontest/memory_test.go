package sessiontest_test

import (
	"testing"

	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail/mailtest"
	"github.com/doorward/doorward/core/session/sessiontest"
)

func openMemory(*testing.T) sessiontest.Parts {
	db := coretest.NewDatabase()
	accounts := accounttest.NewStore(db)
	outbox := mailtest.NewOutbox(db)
	beside := sessiontest.NewBeside(db, accounts, outbox)
	memory := sessiontest.NewMemory(db, accounts, beside)
	return sessiontest.Parts{
		Store: memory, Ender: memory, Lookup: memory, Journal: db, Accounts: accounts, Tx: db,
		Devices: beside.Devices, Tries: beside.Tries, History: audittest.NewLog(db), Outbox: outbox,
	}
}

func TestMemoryStore(t *testing.T)   { t.Parallel(); sessiontest.Store(t, openMemory) }
func TestMemoryEnder(t *testing.T)   { t.Parallel(); sessiontest.Ender(t, openMemory) }
func TestMemoryLookup(t *testing.T)  { t.Parallel(); sessiontest.Lookup(t, openMemory) }
func TestMemoryJournal(t *testing.T) { t.Parallel(); sessiontest.Journal(t, openMemory) }
