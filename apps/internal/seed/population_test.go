package seed_test

import (
	"errors"
	"testing"
	"time"

	"github.com/doorward/doorward/apps/internal/seed"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

func population(number uint64) seed.Population {
	return seed.Population{
		Seed: number, Users: 2000, Sessions: 5000, Until: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC),
		Events: 3000, Hash: func(int) account.PasswordHash { return "$argon2id$shared" },
		SessionLimit: 10, IdleTTL: 168 * time.Hour, MaxTTL: 720 * time.Hour, DeletionGrace: 720 * time.Hour,
		DeviceTTL: 4320 * time.Hour, AuditKept: 8760 * time.Hour,
	}
}

func usersOf(t *testing.T, p seed.Population) []account.User {
	t.Helper()
	var users []account.User
	for user, err := range p.AllUsers() {
		if err != nil {
			t.Fatal(err)
		}
		users = append(users, user)
	}
	return users
}

func sessionsOf(t *testing.T, p seed.Population) []session.Session {
	t.Helper()
	var sessions []session.Session
	for made, err := range p.AllSessions() {
		if err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, made)
	}
	return sessions
}

func TestRowsAreValidAndUnique(t *testing.T) {
	t.Parallel()
	emails, usernames, ids := map[string]bool{}, map[string]bool{}, map[core.ID]bool{}
	for _, p := range []seed.Population{population(1), population(2)} {
		for _, user := range usersOf(t, p) {
			if emails[user.EmailKey] || usernames[user.UsernameKey] || ids[user.ID] {
				t.Fatalf("user %s %s %s is there already", user.ID, user.EmailKey, user.UsernameKey)
			}
			emails[user.EmailKey], ids[user.ID] = true, true
			usernames[user.UsernameKey] = user.UsernameKey != ""
			if broken := user.Profile.Validate(""); len(broken) > 0 {
				t.Fatalf("profile %+v: %v", user.Profile, broken)
			}
			if user.ID[6]>>4 != 7 || user.ID[8]>>6 != 2 {
				t.Fatalf("%s is no UUIDv7", user.ID)
			}
		}
	}
}

func TestEveryStateOccurs(t *testing.T) {
	t.Parallel()
	states := map[account.Status]int{}
	for _, user := range usersOf(t, population(3)) {
		states[user.Status]++
		if deleted := user.Status == account.StatusDeleted; deleted == user.DeletedAt.IsZero() {
			t.Errorf("status %s with deletion at %v", user.Status, user.DeletedAt)
		}
	}
	for _, state := range []account.Status{account.StatusActive, account.StatusSuspended, account.StatusDeactivated, account.StatusDeleted} {
		if states[state] == 0 {
			t.Errorf("nobody is %s: %v", state, states)
		}
	}
}

func TestSessionsAreLiveAndWithinTheLimit(t *testing.T) {
	t.Parallel()
	p := population(4)
	able := map[core.ID]bool{}
	for _, user := range usersOf(t, p) {
		able[user.ID] = user.Status == account.StatusActive && user.EmailVerified
	}
	held := map[core.ID]int{}
	for _, made := range sessionsOf(t, p) {
		held[made.UserID]++
		if !able[made.UserID] || held[made.UserID] > p.SessionLimit {
			t.Fatalf("user %s has %d sessions, may have any: %t", made.UserID, held[made.UserID], able[made.UserID])
		}
		if !made.Live(p.Until) || made.LastUsedAt.Before(made.CreatedAt) {
			t.Fatalf("session is not live: %+v", made)
		}
	}
}

func TestTooManySessionsAreRefused(t *testing.T) {
	t.Parallel()
	p := population(5)
	p.Users, p.Sessions = 1, 11
	for _, err := range p.AllSessions() {
		if !errors.Is(err, seed.ErrCrowded) {
			t.Errorf("got %v", err)
		}
	}
}
