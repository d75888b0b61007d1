package retentiontest_test

import (
	"testing"

	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/apitoken/apitokentest"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/idempotency/idempotencytest"
	"github.com/doorward/doorward/core/mail/mailtest"
	"github.com/doorward/doorward/core/mfa/mfatest"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/retention/retentiontest"
	"github.com/doorward/doorward/core/session/sessiontest"
	"github.com/doorward/doorward/core/token/tokentest"
	"github.com/doorward/doorward/core/verification/verificationtest"
)

func open(*testing.T) retentiontest.Stores {
	db := coretest.NewDatabase()
	accounts, outbox := accounttest.NewStore(db), mailtest.NewOutbox(db)
	beside, services := sessiontest.NewBeside(db, accounts, outbox), apitokentest.NewServiceAccounts(db)
	return retentiontest.Stores{
		Tx: db, Retention: retentiontest.NewStore(db), Accounts: accounts,
		Registrations: accounttest.NewRegistrations(db), Sessions: sessiontest.NewMemory(db, accounts, beside), Journal: db,
		Intakes: verificationtest.NewIntakes(db), Flows: verificationtest.NewFlows(db), Links: verificationtest.NewLinks(db),
		Outbox: outbox, Mailbox: mailtest.NewMailbox(db), Keys: tokentest.NewKeyStore(db),
		Audit: audittest.NewLog(db), Tries: beside.Tries, Devices: beside.Devices, Factors: mfatest.NewFactors(db, accounts),
		Idempotency: idempotencytest.NewMemory(db),
		Tokens:      apitokentest.NewTokens(db, accounts), Services: services, ServiceKeys: services.Keys(),
	}
}

func TestStore(t *testing.T) { t.Parallel(); retentiontest.TestStore(t, open) }

func TestLock(t *testing.T) {
	t.Parallel()
	retentiontest.TestLock(t, func(*testing.T) (here, there retention.Lock) {
		lock := retentiontest.NewLock()
		return lock, lock
	})
}
