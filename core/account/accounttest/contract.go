package accounttest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/session"
)

// Stores is what the suites are run on: the stores of one fresh, empty database.
type Stores struct {
	Tx            core.Transactor
	Accounts      account.Store
	Registrations account.Registrations
	Journal       session.Journal
	History       audit.History
}

// racers is how many goroutines fight over one thing.
const racers = 32

// TestStore proves that an account.Store keeps its contract. Open gives fresh stores; it may be called by
// several tests at once.
func TestStore(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, stores Stores){
		"gives back what was created":           createdIsFound,
		"finds by identifier":                   foundByIdentifier,
		"keeps identifiers unique":              identifiersAreUnique,
		"several accounts without username":     noUsernameIsNoConflict,
		"a refused name spares the transaction": refusalSparesTransaction,
		"saves at the right revision":           saveRaisesRev,
		"refuses stale saves":                   staleSaveConflicts,
		"one of many saves wins":                oneSaveWins,
		"one of many takes the name":            oneCreateWins,
		"save keeps identifiers unique":         saveConflicts,
		"rehashes only the known hash":          rehashes,
		"counts other active owners":            countsOwners,
		"keeps one of the owners who all leave": oneOwnerStays,
		"tells taken usernames":                 usernameTaken,
		"rolls back with its transaction":       rollsBack,
		"events stand with the account alone":   createTells,
	})
}

func createdIsFound(t *testing.T, s Stores) {
	user := Person("ada")
	user.Roles = []string{account.RoleUser, account.RoleAdmin}
	user.Status, user.MustReset, user.Rev = account.StatusDeleted, true, 7
	user.DeletedAt, user.PurgeAt = at(time.Minute), at(time.Hour)
	coretest.Must(t, s.Accounts.Create(t.Context(), user))

	found, err := s.Accounts.Find(t.Context(), user.ID)
	coretest.Must(t, err)
	slices.Sort(user.Roles)
	coretest.Equal(t, user, found)
	_, err = s.Accounts.Find(t.Context(), NewID())
	coretest.Refused(t, err, core.ErrNotFound)
}

func foundByIdentifier(t *testing.T, s Stores) {
	ada := create(t, s, Person("ada"))
	create(t, s, Person("grace"))
	for _, identifier := range []account.Identifier{
		{Kind: account.IdentifierEmail, Key: ada.EmailKey},
		{Kind: account.IdentifierUsername, Key: ada.UsernameKey},
	} {
		found, err := s.Accounts.FindByIdentifier(t.Context(), identifier)
		coretest.Must(t, err)
		coretest.Equal(t, ada, found)
	}
	for _, unknown := range []account.Identifier{
		{Kind: account.IdentifierEmail, Key: ada.UsernameKey},
		{Kind: account.IdentifierUsername, Key: ada.EmailKey},
		{Kind: account.IdentifierUsername, Key: ""},
		{Kind: account.IdentifierEmail, Key: "nobody@example.com"},
	} {
		_, err := s.Accounts.FindByIdentifier(t.Context(), unknown)
		coretest.Refused(t, err, core.ErrNotFound)
	}
}

func identifiersAreUnique(t *testing.T, s Stores) {
	gone := Person("ada")
	gone.Status, gone.DeletedAt, gone.PurgeAt = account.StatusDeleted, at(0), at(time.Hour)
	create(t, s, gone)
	sameEmail, sameName := Person("b"), Person("c")
	sameEmail.EmailKey, sameName.UsernameKey = gone.EmailKey, gone.UsernameKey
	coretest.Refused(t, s.Accounts.Create(t.Context(), sameEmail), account.ErrEmailTaken)
	coretest.Refused(t, s.Accounts.Create(t.Context(), sameName), account.ErrUsernameTaken)
}

func noUsernameIsNoConflict(t *testing.T, s Stores) {
	for range 2 {
		user := Person("")
		user.Username, user.UsernameKey, user.Password = "", "", ""
		found := create(t, s, user)
		coretest.Equal(t, "", found.Username)
	}
}

func refusalSparesTransaction(t *testing.T, s Stores) {
	create(t, s, Person("ada"))
	second := Person("b")
	second.UsernameKey = "ada"
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Refused(t, s.Accounts.Create(ctx, second), account.ErrUsernameTaken)
		second.Username, second.UsernameKey = "", ""
		return s.Accounts.Create(ctx, second)
	}))
	found, err := s.Accounts.Find(t.Context(), second.ID)
	coretest.Must(t, err)
	coretest.Equal(t, second, found)
}

func saveRaisesRev(t *testing.T, s Stores) {
	user := create(t, s, Person("ada"))
	changed := Person("countess")
	changed.ID, changed.CreatedAt, changed.Roles = user.ID, at(time.Hour), []string{account.RoleOwner}
	changed.EmailVerified, changed.Status, changed.MustReset = false, account.StatusSuspended, true
	changed.Password, changed.UpdatedAt = "", at(time.Minute)
	changed.Protection = account.Protection{Required: true, EnrolBy: at(time.Hour), AlwaysAsk: true, Muted: []string{"a", "b"}}

	change, err := s.Accounts.Save(t.Context(), changed)
	coretest.Must(t, err)
	coretest.Equal(t, core.Change{Subject: core.SubjectUser, ID: user.ID, Rev: user.Rev + 1}, change)
	found, err := s.Accounts.Find(t.Context(), user.ID)
	coretest.Must(t, err)
	changed.Rev, changed.CreatedAt, changed.Roles = user.Rev+1, user.CreatedAt, user.Roles
	coretest.Equal(t, changed, found)
	coretest.Equal(t, []core.Change{change}, pending(t, s))
}

func staleSaveConflicts(t *testing.T, s Stores) {
	user := create(t, s, Person("ada"))
	_, err := s.Accounts.Save(t.Context(), user)
	coretest.Must(t, err)
	_, err = s.Accounts.Save(t.Context(), user)
	coretest.Refused(t, err, core.ErrConflict)
	_, err = s.Accounts.Save(t.Context(), Person("nobody"))
	coretest.Refused(t, err, core.ErrConflict)
	coretest.Equal(t, 1, len(pending(t, s)))
}

func oneSaveWins(t *testing.T, s Stores) {
	user := create(t, s, Person("ada"))
	wins := coretest.Race(t, racers, core.ErrConflict, func(ctx context.Context, _ int) error {
		_, err := s.Accounts.Save(ctx, user)
		return err
	})
	coretest.Equal(t, 1, wins)
}

func oneCreateWins(t *testing.T, s Stores) {
	wins := coretest.Race(t, racers, account.ErrUsernameTaken, func(ctx context.Context, _ int) error {
		user := Person("")
		user.UsernameKey = "ada"
		return s.Tx.InTx(ctx, func(ctx context.Context) error { return s.Accounts.Create(ctx, user) })
	})
	coretest.Equal(t, 1, wins)
}

func saveConflicts(t *testing.T, s Stores) {
	ada, grace := create(t, s, Person("ada")), create(t, s, Person("grace"))
	taken := ada
	taken.EmailKey = grace.EmailKey
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		_, err := s.Accounts.Save(ctx, taken)
		coretest.Refused(t, err, account.ErrEmailTaken)
		_, err = s.Accounts.Find(ctx, ada.ID)
		return err
	}))
	taken = ada
	taken.UsernameKey = grace.UsernameKey
	_, err := s.Accounts.Save(t.Context(), taken)
	coretest.Refused(t, err, account.ErrUsernameTaken)
	coretest.Equal(t, 0, len(pending(t, s)))
}

func rehashes(t *testing.T, s Stores) {
	user := create(t, s, Person("ada"))
	fresh := Hash + "Zg"
	coretest.Must(t, s.Accounts.Rehash(t.Context(), user.ID, Hash+"eA", fresh))
	coretest.Equal(t, Hash, find(t, s, user.ID).Password)
	coretest.Must(t, s.Accounts.Rehash(t.Context(), user.ID, Hash, fresh))
	found := find(t, s, user.ID)
	coretest.Equal(t, fresh, found.Password)
	coretest.Equal(t, user.Rev, found.Rev)
}

func countsOwners(t *testing.T, s Stores) {
	var owners []account.User
	for _, status := range []account.Status{account.StatusActive, account.StatusActive, account.StatusSuspended} {
		owner := Person("")
		owner.Status, owner.Roles = status, []string{account.RoleOwner, account.RoleUser}
		owners = append(owners, create(t, s, owner))
	}
	create(t, s, Person("user"))
	for except, want := range map[core.ID]int{NewID(): 2, owners[0].ID: 1, owners[2].ID: 2} {
		count, err := s.Accounts.CountOwners(t.Context(), except)
		coretest.Must(t, err)
		coretest.Equal(t, want, count)
	}
}

// errLast refuses an owner who counts no other.
var errLast = errors.New("the last owner")

func oneOwnerStays(t *testing.T, s Stores) {
	owners := make([]account.User, racers)
	for i := range owners {
		owner := Person("")
		owner.Roles = []string{account.RoleOwner}
		owners[i] = create(t, s, owner)
	}
	left := coretest.Race(t, racers, errLast, func(ctx context.Context, i int) error {
		return s.Tx.InTx(ctx, func(ctx context.Context) error {
			others, err := s.Accounts.CountOwners(ctx, owners[i].ID)
			if err != nil {
				return err
			}
			if others == 0 {
				return errLast
			}
			owners[i].Status = account.StatusDeactivated
			_, err = s.Accounts.Save(ctx, owners[i])
			return err
		})
	})
	coretest.Equal(t, racers-1, left)
}

func usernameTaken(t *testing.T, s Stores) {
	create(t, s, Person("ada"))
	nameless := Person("")
	nameless.Username, nameless.UsernameKey = "", ""
	create(t, s, nameless)
	for key, want := range map[string]bool{"ada": true, "grace": false, "": false} {
		taken, err := s.Accounts.UsernameTaken(t.Context(), key)
		coretest.Must(t, err)
		coretest.Equal(t, want, taken)
	}
}

func rollsBack(t *testing.T, s Stores) {
	user, created := create(t, s, Person("ada")), Person("grace")
	failure := errors.New("no")
	err := s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, s.Accounts.Create(ctx, created))
		_, err := s.Accounts.Save(ctx, user)
		coretest.Must(t, err)
		coretest.Must(t, s.Accounts.Rehash(ctx, user.ID, Hash, Hash+"Zg"))
		_, err = s.Accounts.Find(ctx, created.ID)
		coretest.Must(t, err)
		return failure
	})
	coretest.Refused(t, err, failure)
	coretest.Equal(t, user, find(t, s, user.ID))
	coretest.Equal(t, 0, len(pending(t, s)))
	_, err = s.Accounts.Find(t.Context(), created.ID)
	coretest.Refused(t, err, core.ErrNotFound)
}

func at(after time.Duration) time.Time { return coretest.Epoch.Add(after) }

func create(t *testing.T, s Stores, user account.User) account.User {
	t.Helper()
	coretest.Must(t, s.Accounts.Create(t.Context(), user))
	return find(t, s, user.ID)
}

func find(t *testing.T, s Stores, id core.ID) account.User {
	t.Helper()
	user, err := s.Accounts.Find(t.Context(), id)
	coretest.Must(t, err)
	return user
}

func pending(t *testing.T, s Stores) []core.Change {
	t.Helper()
	changes, err := s.Journal.Pending(t.Context(), at(24*time.Hour), 100)
	coretest.Must(t, err)
	return changes
}

// createTells creates accounts with an event each, alone and in a transaction that goes on after a refusal.
func createTells(t *testing.T, s Stores) {
	ada, rival, bob := Person("ada"), Person("rival"), Person("bob")
	rival.UsernameKey = ada.UsernameKey
	told := func(user account.User) audit.Event { return audittest.Event(user.ID, at(time.Minute)) }
	want := map[core.ID][]audit.Event{ada.ID: {told(ada)}, bob.ID: {told(bob)}, rival.ID: nil}
	coretest.Must(t, s.Accounts.Create(t.Context(), ada, want[ada.ID]...))
	coretest.Refused(t, s.Accounts.Create(t.Context(), rival, told(rival)), account.ErrUsernameTaken)
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Refused(t, s.Accounts.Create(ctx, rival, told(rival)), account.ErrUsernameTaken)
		return s.Accounts.Create(ctx, bob, want[bob.ID]...)
	}))
	for user, events := range want {
		found, err := s.History.Find(t.Context(), audit.Query{Subject: user}, core.Page{Limit: 10})
		coretest.Must(t, err)
		coretest.Equal(t, events, found)
	}
}
