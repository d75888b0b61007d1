package directorytest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/mfa"
)

// Stores is what the suite is run on: the stores of one fresh, empty database.
type Stores struct {
	Accounts   account.Store
	Catalogues access.Catalogues
	Factors    mfa.Store
	Index      directory.Index
}

// TestIndex proves that a directory.Index keeps its contract. Open gives fresh stores; it may be called by several
// tests at once.
func TestIndex(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, stores Stores){
		"an empty list":                     emptyList,
		"lists in each order, page by page": listsInOrder,
		"filters by each filter":            filtersByEach,
		"filters by many at once":           filtersByMany,
		"finds each user once":              findsOnce,
		"searches as it is told":            searches,
		"takes what was typed as it is":     searchesLiterally,
		"gives many":                        givesMany,
	})
}

func emptyList(t *testing.T, s Stores) {
	for sort := range orders {
		places, rest, err := s.Index.Places(t.Context(), directory.Listing{Sort: sort, Limit: 10})
		coretest.Must(t, err)
		coretest.Equal(t, nil, places)
		coretest.Equal(t, directory.Place{}, rest)
	}
	places, rest, err := s.Index.Search(t.Context(), directory.Search{Text: directory.NewSearchText("a"), Limit: 10})
	coretest.Must(t, err)
	coretest.Equal(t, nil, places)
	coretest.Equal(t, directory.Place{}, rest)
}

// people is how many users a populated database has; names, times and all else repeat among them.
const people = 60

var (
	names     = []string{"Ada", "ada", "Ádám", "Grace", "Zoë", "Ἀλέξανδρος", "ada lovelace"}
	statuses  = []account.Status{account.StatusActive, account.StatusActive, account.StatusSuspended, account.StatusDeactivated}
	origins   = []account.Source{account.SourceRegistered, account.SourceInvited, account.SourceImported}
	countries = []string{"", "DE", "NZ"}
	given     = [][]string{{account.RoleUser}, {account.RoleUser}, {account.RoleAdmin, account.RoleUser}, {}}
)

// dice give the same numbers each time: Knuth's linear congruential generator of 64 bits (MMIX).
type dice struct{ state uint64 }

func newDice(seed uint64) *dice { return &dice{seed} }

// IntN gives a number below n.
func (d *dice) IntN(n int) int {
	d.state = d.state*6364136223846793005 + 1442695040888963407
	return int(d.state>>33) % n //nolint:gosec // 31 bits
}

// populated fills a database by chance, in the same way each time, and gives its users and a group that some are in.
func populated(t *testing.T, s Stores) (users []account.User, group core.ID) {
	t.Helper()
	group = accounttest.NewID()
	coretest.Must(t, s.Catalogues.PutGroup(t.Context(), access.Group{
		ID: group, Name: "readers", CreatedAt: coretest.Epoch, UpdatedAt: coretest.Epoch,
	}))
	random := newDice(1)
	for i := range people {
		user := accounttest.Person(fmt.Sprintf("%c%02d", 'a'+random.IntN(3), i))
		user.Profile.Name = names[random.IntN(len(names))]
		user.CreatedAt = coretest.Epoch.Add(time.Duration(random.IntN(8)) * time.Hour)
		user.Status, user.Source = statuses[random.IntN(len(statuses))], origins[random.IntN(len(origins))]
		user.Country, user.Roles = countries[random.IntN(len(countries))], given[random.IntN(len(given))]
		user.EmailVerified = random.IntN(3) > 0
		if random.IntN(3) == 0 {
			user.Groups = []core.ID{group}
		}
		if random.IntN(4) == 0 {
			user.Username, user.UsernameKey = "", ""
		}
		coretest.Must(t, s.Accounts.Create(t.Context(), user))
		if random.IntN(4) == 0 {
			enrol(t, s, &user, i%2 == 0)
		}
		users = append(users, user)
	}
	return users, group
}

// enrol gives the user a factor that is confirmed, or one that is pending.
func enrol(t *testing.T, s Stores, user *account.User, confirmed bool) {
	t.Helper()
	factor := mfa.Factor{
		ID: accounttest.NewID(), UserID: user.ID, Kind: mfa.KindTOTP, Sealed: []byte("sealed"), CreatedAt: coretest.Epoch,
	}
	coretest.Must(t, s.Factors.Add(t.Context(), factor))
	if confirmed {
		coretest.Must(t, s.Factors.Confirm(t.Context(), user.ID, factor.ID, 1, coretest.Epoch.Add(-time.Hour), coretest.Epoch))
		user.Protection.SecondFactors = []string{string(mfa.KindTOTP)}
	}
}

// wants gives the places of the users that pass, in order.
func wants(users []account.User, filter directory.Filter, sort directory.Sort) (places []directory.Place) {
	for _, user := range users {
		if filter.Passes(&user) {
			places = append(places, placeOf(user, sort))
		}
	}
	slices.SortFunc(places, orders[sort])
	return places
}

// whole reads a list page by page.
func whole(t *testing.T, s Stores, listing directory.Listing) (all []directory.Place) {
	t.Helper()
	for {
		page, rest, err := s.Index.Places(t.Context(), listing)
		coretest.Must(t, err)
		if len(page) > listing.Limit {
			t.Fatalf("%d places, want %d at the most", len(page), listing.Limit)
		}
		all = append(all, page...)
		if listing.After = rest; rest.IsZero() {
			return all
		}
	}
}

func listsInOrder(t *testing.T, s Stores) {
	users, _ := populated(t, s)
	for sort := range orders {
		for _, limit := range []int{7, 200} {
			coretest.Equal(t, wants(users, directory.Filter{}, sort), whole(t, s, directory.Listing{Sort: sort, Limit: limit}))
		}
	}
}

func filtersByEach(t *testing.T, s Stores) {
	users, group := populated(t, s)
	yes, no := true, false
	for name, filter := range map[string]directory.Filter{
		"status": {Status: account.StatusSuspended}, "no such status": {Status: account.StatusDeleted},
		"role": {Role: account.RoleAdmin}, "everybody's role": {Role: account.RoleUser}, "no such role": {Role: "NOBODY"},
		"group": {Group: group}, "no such group": {Group: accounttest.NewID()},
		"proven": {EmailVerified: &yes}, "unproven": {EmailVerified: &no},
		"protected": {SecondFactor: &yes}, "unprotected": {SecondFactor: &no},
		"source": {Source: account.SourceImported}, "country": {Country: "NZ"},
		"from":   {CreatedFrom: coretest.Epoch.Add(3 * time.Hour)},
		"to":     {CreatedTo: coretest.Epoch.Add(3 * time.Hour)},
		"period": {CreatedFrom: coretest.Epoch.Add(time.Hour), CreatedTo: coretest.Epoch.Add(4 * time.Hour)},
	} {
		for sort := range orders {
			want := wants(users, filter, sort)
			if none := strings.HasPrefix(name, "no such"); none != (len(want) == 0) {
				t.Fatalf("%s: the population has %d", name, len(want))
			}
			coretest.Equal(t, want, whole(t, s, directory.Listing{Filter: filter, Sort: sort, Limit: 5}))
		}
	}
}

func filtersByMany(t *testing.T, s Stores) {
	users, group := populated(t, s)
	random := newDice(3)
	for range 40 {
		filter := anyFilter(random, group)
		for sort := range orders {
			coretest.Equal(t, wants(users, filter, sort), whole(t, s, directory.Listing{Filter: filter, Sort: sort, Limit: 9}))
		}
	}
}

// anyFilter makes a filter of some parts.
func anyFilter(random *dice, group core.ID) (filter directory.Filter) {
	chance := func() bool { return random.IntN(3) == 0 }
	if chance() {
		filter.Status = statuses[random.IntN(len(statuses))]
	}
	if chance() {
		filter.Role = []string{account.RoleUser, account.RoleAdmin}[random.IntN(2)]
	}
	if chance() {
		filter.Group = group
	}
	if chance() {
		verified := chance()
		filter.EmailVerified = &verified
	}
	if chance() {
		protected := chance()
		filter.SecondFactor = &protected
	}
	if chance() {
		filter.Source = origins[random.IntN(len(origins))]
	}
	if chance() {
		filter.Country = countries[1+random.IntN(2)]
	}
	if chance() {
		filter.CreatedFrom = coretest.Epoch.Add(time.Duration(random.IntN(8)) * time.Hour)
	}
	return filter
}

func findsOnce(t *testing.T, s Stores) {
	user := accounttest.Person("ada")
	user.Profile.Name = "ada"
	coretest.Must(t, s.Accounts.Create(t.Context(), user))
	for _, typed := range []string{"a", "AD", "ada", " Ada "} {
		coretest.Equal(t, []directory.Place{{Key: "ada", ID: user.ID}}, found(t, s, typed, directory.Filter{}, 10))
	}
	coretest.Equal(t, []directory.Place{{Key: user.EmailKey, ID: user.ID}}, found(t, s, "ada@", directory.Filter{}, 10))
	for _, typed := range []string{"da", "ada lovelace", "grace", "ada%", " "} {
		coretest.Equal(t, nil, found(t, s, typed, directory.Filter{}, 10))
	}
}

// found reads a search page by page.
func found(t *testing.T, s Stores, typed string, filter directory.Filter, limit int) (all []directory.Place) {
	t.Helper()
	search := directory.Search{Text: directory.NewSearchText(typed), Filter: filter, Limit: limit}
	for {
		page, rest, err := s.Index.Search(t.Context(), search)
		coretest.Must(t, err)
		if len(page) > limit {
			t.Fatalf("%d places, want %d at the most", len(page), limit)
		}
		all = append(all, page...)
		if search.After = rest; rest.IsZero() {
			return all
		}
	}
}

func searches(t *testing.T, s Stores) {
	users, group := populated(t, s)
	random := newDice(5)
	for _, typed := range []string{"a", "A", "ada", "Ád", "ad", "b0", "ἀ", "zoe", "zoë", "g", "c1"} {
		for _, filter := range []directory.Filter{{}, anyFilter(random, group), anyFilter(random, group)} {
			var want []directory.Place
			for _, user := range users {
				key, matches := directory.NewSearchText(typed).Match(directory.Keys{
					Email: user.EmailKey, Username: user.UsernameKey, Name: account.NameKey(user.Profile.Name),
				})
				if matches && filter.Passes(&user) {
					want = append(want, directory.Place{Key: key, ID: user.ID})
				}
			}
			slices.SortFunc(want, byKey)
			for _, limit := range []int{1, 7, 200} {
				coretest.Equal(t, want, found(t, s, typed, filter, limit))
			}
		}
	}
}

func searchesLiterally(t *testing.T, s Stores) {
	odd := map[string]string{"100%": "a1", `back\slash`: "a2", "under_score": "a3", "\U0010ffff": "a4", "\ud7ff": "a5", "o'brien": "a6"}
	for name, username := range odd {
		user := accounttest.Person(username)
		user.Profile.Name = name
		coretest.Must(t, s.Accounts.Create(t.Context(), user))
	}
	for name := range odd {
		coretest.Equal(t, 1, len(found(t, s, name, directory.Filter{}, 10)))
	}
	coretest.Equal(t, 0, len(found(t, s, "under%", directory.Filter{}, 10)))
}

func givesMany(t *testing.T, s Stores) {
	users, _ := populated(t, s)
	var ids []core.ID
	for _, user := range users[:5] {
		ids = append(ids, user.ID)
	}
	many, err := s.Index.Many(t.Context(), append(ids, accounttest.NewID()))
	coretest.Must(t, err)
	coretest.Equal(t, 5, len(many))
	for _, user := range many {
		want, err := s.Accounts.Find(t.Context(), user.ID)
		coretest.Must(t, err)
		coretest.Equal(t, want, user)
	}
	many, err = s.Index.Many(t.Context(), nil)
	coretest.Must(t, err)
	coretest.Equal(t, 0, len(many))
}
