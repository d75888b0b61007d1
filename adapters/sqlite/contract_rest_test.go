package sqlite_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail/mailtest"
	"github.com/doorward/doorward/core/retention"
	"github.com/doorward/doorward/core/retention/retentiontest"
	"github.com/doorward/doorward/core/token"
	"github.com/doorward/doorward/core/token/tokentest"
)

func openMail(t *testing.T) mailtest.Stores {
	db := sqlitetest.Open(t)
	return mailtest.Stores{Tx: db, Outbox: db.Outbox(), Ledger: db.Outbox(), Mailbox: db.Mailbox()}
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	mailtest.TestOutbox(t, openMail)
}

func TestLedger(t *testing.T) {
	t.Parallel()
	mailtest.TestLedger(t, openMail)
}

func TestMailbox(t *testing.T) {
	t.Parallel()
	mailtest.TestMailbox(t, openMail)
}

func TestKeyStore(t *testing.T) {
	t.Parallel()
	tokentest.TestKeyStore(t, func(t *testing.T) tokentest.Stores {
		db := sqlitetest.Open(t)
		return tokentest.Stores{Tx: db, Keys: db.Keys()}
	})
}

func TestRetention(t *testing.T) {
	t.Parallel()
	retentiontest.TestStore(t, func(t *testing.T) retentiontest.Stores {
		db := sqlitetest.Open(t)
		return retentiontest.Stores{
			Tx: db, Retention: db.Retention(), Accounts: db.Accounts(), Registrations: db.Registrations(),
			Sessions: db.Sessions(), Journal: db.Sessions(), Intakes: db.Intakes(), Flows: db.Flows(), Links: db.Links(),
			Outbox: db.Outbox(), Mailbox: db.Mailbox(), Keys: db.Keys(), Audit: db.Audit(), Tries: db.Tries(), Devices: db.Devices(),
			Factors: db.Factors(), Tokens: db.PersonalTokens(), Services: db.ServiceAccounts(), ServiceKeys: db.ServiceKeys(), Idempotency: db.Idempotency(),
		}
	})
}

func TestUnknownKind(t *testing.T) {
	t.Parallel()
	store := sqlitetest.Open(t).Retention()
	_, err := store.Count(t.Context(), "dust", coretest.Epoch)
	coretest.Equal(t, core.KindInternal, core.AsError(err).Kind)
	_, err = store.Sweep(t.Context(), "dust", coretest.Epoch, 1)
	coretest.Equal(t, core.KindInternal, core.AsError(err).Kind)
}

// TestTransactor plays the cells with signing keys, the store whose rows are simplest.
func TestTransactor(t *testing.T) {
	t.Parallel()
	coretest.TestTransactor(t, func(t *testing.T) coretest.Cells {
		db := sqlitetest.Open(t)
		return coretest.Cells{
			Tx: db,
			Put: func(ctx context.Context, n int) error {
				return db.Keys().AddKey(ctx, token.KeyRecord{
					ID: fmt.Sprint("key", n), Algorithm: token.ES256, Public: []byte{1}, Sealed: []byte{1},
					CreatedAt: coretest.Epoch, ActiveFrom: coretest.Epoch,
				}, false)
			},
			Has: func(ctx context.Context, n int) (bool, error) {
				keys, err := db.Keys().Keys(ctx)
				for _, key := range keys {
					if key.ID == fmt.Sprint("key", n) {
						return true, nil
					}
				}
				return false, err
			},
		}
	})
}

func TestLock(t *testing.T) {
	t.Parallel()
	retentiontest.TestLock(t, func(t *testing.T) (here, there retention.Lock) {
		path := sqlitetest.File(t)
		return sqlitetest.OpenFile(t, path).Locks(), sqlitetest.OpenFile(t, path).Locks()
	})
}
