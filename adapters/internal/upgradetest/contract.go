// Package upgradetest is what every engine passes that an older release has filled, and may go on filling while a newer
// one is at work.
package upgradetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/dashboard"
	"github.com/doorward/doorward/core/directory"
)

// Release is the newest migration of the older release.
const Release = 9

// Dialect writes what the engines write each in its own way.
type Dialect struct {
	ID   func(core.ID) string
	Time func(time.Time) string
	// List is a list of no texts, Bytes sixteen bytes.
	List, Bytes string
}

// Parts are the stores of a migrated database.
type Parts struct {
	Accounts    account.Store
	Memberships access.Memberships
	Directory   directory.Index
	Keyer       directory.Keyer
	Figures     dashboard.Figures
}

// Person is somebody in the database of the older release: an administrator with a factor and a session.
func Person(name string) account.User {
	user := accounttest.Person("")
	user.Profile.Name = name
	user.Roles, user.Protection.SecondFactors = []string{account.RoleAdmin, account.RoleUser}, []string{account.FactorEmail}
	return user
}

// Statements write the user as the older release does, one each.
func Statements(d Dialect, user account.User) []string {
	at, id := d.Time(user.CreatedAt), d.ID(user.ID)
	return []string{
		fmt.Sprintf(`INSERT INTO users (
  id, email, email_key, email_verified, username, username_key, name, bio, image_url, locale, phone, status, password_hash,
  password_changed_at, must_reset, created_at, updated_at, second_factor_required, always_ask, muted_notices, rev
) VALUES (%s, '%s', '%s', true, '%s', '%s', '%s', '%s', '', '%s', '%s', 'active', '%s', %s, false, %s, %s, false, false, '', 0)`,
			id, user.Email, user.EmailKey, user.Username, user.UsernameKey, user.Profile.Name, user.Profile.Bio,
			user.Profile.Locale, user.Profile.Phone, string(user.Password), d.Time(user.PasswordChangedAt), at, at),
		fmt.Sprintf("INSERT INTO user_roles (user_id, role) VALUES (%s, 'ADMIN'), (%s, 'USER')", id, id),
		fmt.Sprintf(`INSERT INTO factors (id, user_id, kind, label, created_at, confirmed_at)
VALUES (%s, %s, 'email', '', %s, %s)`, d.ID(accounttest.NewID()), id, at, at),
		fmt.Sprintf(`INSERT INTO sessions (
  id, user_id, user_agent, device_kind, browser, os, ip, location, factors, auth_time, created_at, last_used_at, idle_expires_at,
  expires_at, generation, nonce, branches, rotated_at, used_nonce, used_branch, rev
) VALUES (%s, %s, '', '', '', '', '', '', %s, %s, 0, %s, 1, %s, %s, 0, 0)`,
			d.ID(accounttest.NewID()), id, d.List, strings.Join([]string{at, at, at, at, at}, ", "), d.Bytes, at, d.Bytes),
		fmt.Sprintf("INSERT INTO journal (subject, id, rev, at) VALUES ('user', %s, 0, %s)", id, at),
	}
}

// Rename gives the user another name, by a statement that knows what the older release knows.
func Rename(d Dialect, user *account.User, name string) string {
	user.Profile.Name = name
	return fmt.Sprintf("UPDATE users SET email = '%s', name = '%s' WHERE id = %s", user.Email, name, d.ID(user.ID))
}

// Holds wants the users, written as Statements does before or beside the migrations, to be as if this release had made
// them: read, listed, found by their names, and counted.
func Holds(t *testing.T, parts Parts, users ...account.User) {
	t.Helper()
	_, err := parts.Keyer.KeyNames(t.Context(), directory.KeyNamesMax)
	coretest.Must(t, err)
	left, err := parts.Keyer.KeyNames(t.Context(), directory.KeyNamesMax)
	coretest.Must(t, err)
	coretest.Equal(t, 0, left)
	for _, user := range users {
		found, err := parts.Accounts.Find(t.Context(), user.ID)
		coretest.Must(t, err)
		coretest.Equal(t, user, found)
		roles, err := parts.Memberships.Of(t.Context(), user.ID, access.KindRole)
		coretest.Must(t, err)
		coretest.Equal(t, 2, len(roles))
		places, _, err := parts.Directory.Search(t.Context(), directory.Search{
			Text: directory.NewSearchText(strings.ToUpper(user.Profile.Name)), Limit: 2,
		})
		coretest.Must(t, err)
		coretest.Equal(t, []directory.Place{{ID: user.ID, Key: account.NameKey(user.Profile.Name)}}, places)
	}
	enrolled := true
	places, _, err := parts.Directory.Places(t.Context(), directory.Listing{
		Filter: directory.Filter{Role: account.RoleAdmin, SecondFactor: &enrolled}, Sort: directory.NewestFirst, Limit: 10,
	})
	coretest.Must(t, err)
	coretest.Equal(t, len(users), len(places))
	all := int64(len(users))
	counts, err := parts.Figures.Counts(t.Context(), dashboard.ByStatus, dashboard.ByRole, dashboard.BySecondFactor)
	coretest.Must(t, err)
	coretest.Equal(t, []dashboard.Count{{Value: "active", Users: all}}, counts[dashboard.ByStatus])
	coretest.Equal(t, all*2, sum(counts[dashboard.ByRole]))
	coretest.Equal(t, all*2, sum(counts[dashboard.BySecondFactor])) // each by its kind, and as any
	signIns, err := parts.Figures.Before(t.Context(), dashboard.SignIns, []time.Time{coretest.Epoch.Add(24 * time.Hour)})
	coretest.Must(t, err)
	coretest.Equal(t, []int64{all}, signIns)
}

func sum(counts []dashboard.Count) (all int64) {
	for _, count := range counts {
		all += count.Users
	}
	return all
}
