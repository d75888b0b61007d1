package sqlite_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/sqlite"
	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/session"
)

func sessionOf(user core.ID) session.Session {
	return session.Session{
		ID: accounttest.NewID(), UserID: user, AuthTime: coretest.Epoch, CreatedAt: coretest.Epoch,
		LastUsedAt: coretest.Epoch, IdleExpiresAt: coretest.Epoch.Add(time.Hour),
		ExpiresAt: coretest.Epoch.Add(24 * time.Hour), Chain: session.Chain{Branches: 1, RotatedAt: coretest.Epoch},
	}
}

func create(t *testing.T, db *sqlite.Database) account.User {
	t.Helper()
	user := accounttest.Person("")
	coretest.Must(t, db.Accounts().Create(t.Context(), user))
	return user
}

func TestBulkLoadsCanBeRunAgain(t *testing.T) {
	t.Parallel()
	db := sqlitetest.Open(t)
	there := create(t, db)
	ada, grace, clash := accounttest.Person("ada"), accounttest.Person("grace"), accounttest.Person("x")
	ada.Roles = []string{account.RoleAdmin, account.RoleUser}
	grace.Username, grace.UsernameKey, grace.Password = "", "", ""
	clash.EmailKey = there.EmailKey
	users := []account.User{ada, grace, clash, there}
	sessions := []session.Session{sessionOf(ada.ID), sessionOf(grace.ID), sessionOf(clash.ID)}
	for range 2 {
		coretest.Must(t, db.BulkUsers(t.Context(), users))
		coretest.Must(t, db.BulkSessions(t.Context(), sessions))
	}
	for _, want := range []account.User{ada, grace, there} {
		found, err := db.Accounts().Find(t.Context(), want.ID)
		coretest.Must(t, err)
		coretest.Equal(t, want, found)
	}
	for i, want := range []error{nil, nil, core.ErrNotFound} {
		found, err := db.Sessions().Find(t.Context(), sessions[i].ID)
		coretest.Refused(t, err, want)
		if err == nil {
			coretest.Equal(t, sessions[i], found)
		}
	}
	coretest.Must(t, db.BulkUsers(t.Context(), nil))
	coretest.Must(t, db.BulkSessions(t.Context(), nil))
}

// BenchmarkBulk loads 5,000 users with a session each per operation.
func BenchmarkBulk(b *testing.B) {
	db := sqlitetest.Open(b)
	for b.Loop() {
		users, sessions := make([]account.User, 5000), make([]session.Session, 5000)
		for i := range users {
			users[i] = accounttest.Person("")
			sessions[i] = sessionOf(users[i].ID)
		}
		coretest.Must(b, db.BulkUsers(b.Context(), users))
		coretest.Must(b, db.BulkSessions(b.Context(), sessions))
	}
}
