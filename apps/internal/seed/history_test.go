package seed_test

import (
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/apps/internal/seed"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
)

func all[Row any](t *testing.T, rows iter.Seq2[Row, error]) (made []Row) {
	t.Helper()
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, row)
	}
	return made
}

// everything is all that a population makes.
func everything(t *testing.T, p seed.Population) []any {
	t.Helper()
	return []any{
		all(t, p.AllUsers()), all(t, p.AllSessions()), all(t, p.AllDevices()), all(t, p.AllFactors()), all(t, p.AllEvents()),
		p.Catalogue(),
	}
}

func TestSamePopulationSameRows(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(everything(t, population(7)), everything(t, population(7))); diff != "" {
		t.Error(diff)
	}
	hashes, again := seed.Hashes(7, "one"), seed.Hashes(7, "one")
	if hashes(1) != again(1) || hashes(1) == hashes(2) || hashes(1) == seed.Hashes(8, "one")(1) {
		t.Error("the salt is not the seed's and the user's")
	}
}

// TestCatalogueIsNamedAsByHand tells that what is seeded could have been made by the API, so that it can be given, and
// changed, by its name: the forms are those of the contract.
func TestCatalogueIsNamedAsByHand(t *testing.T) {
	t.Parallel()
	made := population(1).Catalogue()
	role, group := regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,63}$`), regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	for _, each := range made.Roles {
		if !role.MatchString(each.Name) {
			t.Errorf("no role can be called %q", each.Name)
		}
	}
	for _, each := range made.Groups {
		if !group.MatchString(each.Name) {
			t.Errorf("no group can be called %q", each.Name)
		}
	}
	for _, each := range made.Permissions {
		if access.Reserved(each.Key) {
			t.Errorf("%s is the product's own", each.Key)
		}
	}
}

// Accounts come faster and faster, over three years that end at the day asked for; the first tells that day.
func TestAccountsGrow(t *testing.T) {
	t.Parallel()
	p := population(1)
	users := all(t, p.AllUsers())
	if want := p.Until.Add(-seed.Span); !users[0].CreatedAt.Equal(want) {
		t.Errorf("the first came at %s, want %s", users[0].CreatedAt, want)
	}
	perYear := map[int]int{}
	for i, user := range users {
		if i > 0 && user.CreatedAt.Before(users[i-1].CreatedAt) || user.CreatedAt.After(p.Until) {
			t.Fatalf("user %d came at %s", i, user.CreatedAt)
		}
		perYear[int(user.CreatedAt.Sub(users[0].CreatedAt)/(365*24*time.Hour))]++
	}
	if len(perYear) != 3 || perYear[0] == 0 || perYear[1] < perYear[0]*3/2 || perYear[2] < perYear[1]*5/4 {
		t.Errorf("new accounts per year: %v", perYear)
	}
}

// There is some of everything that a list can be filtered by.
func TestPeopleDiffer(t *testing.T) {
	t.Parallel()
	p := population(2)
	seen := map[string]map[string]int{}
	note := func(what, value string) {
		if seen[what] == nil {
			seen[what] = map[string]int{}
		}
		seen[what][value]++
	}
	for _, user := range all(t, p.AllUsers()) {
		note("country", user.Country)
		note("source", string(user.Source))
		note("language", user.Profile.Locale)
		note("visibility", string(user.Preferences.Visibility))
		note("roles", strings.Join(user.Roles, " "))
		for _, group := range user.Groups {
			note("group", group.String())
		}
		if _, err := time.LoadLocation(user.Preferences.Timezone); err != nil {
			t.Errorf("%s: %v", user.Preferences.Timezone, err)
		}
		if !slices.IsSorted(user.Roles) {
			t.Errorf("roles are not sorted: %v", user.Roles)
		}
	}
	for what, least := range map[string]int{"country": 20, "source": 5, "language": 14, "visibility": 3, "roles": 3, "group": 4} {
		if len(seen[what]) < least {
			t.Errorf("%d of %s: %v", len(seen[what]), what, seen[what])
		}
	}
}

// What belongs to somebody is no older than they are, and nothing lies in the future.
func TestHistoryIsOfItsTime(t *testing.T) {
	t.Parallel()
	p := population(3)
	came := map[core.ID]time.Time{}
	guarded := 0
	for _, user := range all(t, p.AllUsers()) {
		came[user.ID] = user.CreatedAt
		guarded += len(user.Protection.SecondFactors)
	}
	fits := func(what string, owner core.ID, at time.Time) {
		t.Helper()
		if since, known := came[owner]; !known || at.Before(since) || at.After(p.Until) {
			t.Fatalf("%s of %s at %s, who came %s", what, owner, at, since)
		}
	}
	factors := all(t, p.AllFactors())
	for _, factor := range factors {
		fits("factor", factor.UserID, factor.CreatedAt)
	}
	if len(factors) != guarded || guarded < p.Users/20 {
		t.Errorf("%d factors of %d users who have one", len(factors), guarded)
	}
	digests := map[[32]byte]bool{}
	for _, device := range all(t, p.AllDevices()) {
		fits("device", device.UserID, device.CreatedAt)
		digests[device.Digest] = true
	}
	if len(digests) < p.Users/3 {
		t.Errorf("%d devices", len(digests))
	}
	outcomes := map[audit.Outcome]int{}
	for i, event := range all(t, p.AllEvents()) {
		fits(string(event.Action), event.Subject, event.At)
		outcomes[event.Outcome]++
		if age := p.Until.Sub(event.At); age > p.AuditKept || event.At.After(event.KeepUntil) {
			t.Fatalf("event %d is %s old", i, age)
		}
	}
	if outcomes[audit.Success] < outcomes[audit.Failure] || outcomes[audit.Failure] == 0 || outcomes[audit.Refused] == 0 {
		t.Errorf("outcomes: %v", outcomes)
	}
}

// The first user is one to sign in as, whatever the seed.
func TestTheFirstMaySignIn(t *testing.T) {
	t.Parallel()
	for number := range uint64(200) {
		user, err := population(number).User(0)
		if err != nil || user.Status != account.StatusActive || !user.EmailVerified || len(user.Protection.SecondFactors) > 0 {
			t.Fatalf("seed %d: %+v, %v", number, user, err)
		}
	}
}
