package mailtest_test

import (
	"testing"

	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail/mailtest"
)

func open(*testing.T) mailtest.Stores {
	db := coretest.NewDatabase()
	outbox := mailtest.NewOutbox(db)
	return mailtest.Stores{Tx: db, Outbox: outbox, Ledger: outbox, Mailbox: mailtest.NewMailbox(db)}
}

func TestOutbox(t *testing.T)  { t.Parallel(); mailtest.TestOutbox(t, open) }
func TestLedger(t *testing.T)  { t.Parallel(); mailtest.TestLedger(t, open) }
func TestMailbox(t *testing.T) { t.Parallel(); mailtest.TestMailbox(t, open) }
