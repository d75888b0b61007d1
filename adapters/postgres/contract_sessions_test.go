package postgres_test

import (
	"testing"

	"github.com/doorward/doorward/adapters/postgres"
	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/core/session/sessiontest"
)

func openSessions(t *testing.T) sessiontest.Parts { return partsOf(postgrestest.Open(t)) }

func partsOf(db *postgres.Database) sessiontest.Parts {
	sessions := db.Sessions()
	return sessiontest.Parts{
		Store: sessions, Ender: sessions, Lookup: sessions, Journal: sessions, Accounts: db.Accounts(), Tx: db,
		Devices: db.Devices(), Tries: db.Tries(), History: db.Audit(), Outbox: db.Outbox(),
	}
}

func TestSessionStore(t *testing.T) {
	t.Parallel()
	sessiontest.Store(t, openSessions)
}

func TestSessionEnder(t *testing.T) {
	t.Parallel()
	sessiontest.Ender(t, openSessions)
}

func TestSessionLookup(t *testing.T) {
	t.Parallel()
	sessiontest.Lookup(t, openSessions)
}

func TestSessionJournal(t *testing.T) {
	t.Parallel()
	sessiontest.Journal(t, openSessions)
}
