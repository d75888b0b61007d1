package sqlite_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
)

// BenchmarkHotPaths measures what sign-in, refresh and the lookup behind a cold cache ask of the database.
func BenchmarkHotPaths(b *testing.B) {
	db := sqlitetest.Open(b)
	user := accounttest.Person("")
	coretest.Must(b, db.Accounts().Create(b.Context(), user))
	live := sessionOf(user.ID)
	_, err := db.Sessions().Open(b.Context(), session.Opening{Session: live, UserRev: user.Rev, Limit: 10})
	coretest.Must(b, err)

	b.Run("find", func(b *testing.B) {
		identifier := account.Identifier{Kind: account.IdentifierEmail, Key: user.EmailKey}
		for b.Loop() {
			_, err := db.Accounts().FindByIdentifier(b.Context(), identifier)
			coretest.Must(b, err)
		}
	})
	b.Run("refresh", func(b *testing.B) {
		now := live.CreatedAt
		for b.Loop() {
			now = now.Add(time.Millisecond)
			refreshed, _, err := db.Sessions().Refresh(b.Context(), live.Current(), session.Rotation{
				Now: now, Window: time.Microsecond, IdleTTL: time.Hour, Nonce: session.Nonce(secret.Random(16)),
			})
			coretest.Must(b, err)
			live = refreshed
		}
	})
	b.Run("lookup", func(b *testing.B) {
		for b.Loop() {
			_, err := db.Sessions().Session(b.Context(), live.ID)
			coretest.Must(b, err)
		}
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			_, err := db.Sessions().Open(b.Context(), session.Opening{Session: sessionOf(user.ID), UserRev: user.Rev, Limit: 10})
			coretest.Must(b, err)
		}
	})
}
