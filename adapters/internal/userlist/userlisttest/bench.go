package userlisttest

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
)

// The groups of the benchmarks: half of all users are in Wide, and the ten thousand oldest in Old.
var (
	Wide = core.ID{15: 1}
	Old  = core.ID{15: 2}
)

// Bench measures pages of 50 users among a million, with all that is told of each. The database has users whose
// addresses are user0000001@example.com and so on, the later the younger, a minute apart from 2024 on; all have the role
// USER, every ten thousandth ADMIN; one in twenty is suspended, the very first thousand are deactivated; a hundredth has
// a second factor; names are a given name and a number.
func Bench(b *testing.B, index directory.Index) {
	yes := true
	deep := directory.Place{At: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), Key: "user0900000@example.com", ID: core.ID{1}}
	for _, each := range []struct {
		name    string
		listing directory.Listing
	}{
		{"newest", directory.Listing{}},
		{"deep cursor", directory.Listing{After: deep}},
		{"by name", directory.Listing{Sort: directory.ByName}},
		{"by email, deep cursor", directory.Listing{Sort: directory.ByEmail, After: deep}},
		{"status of most", directory.Listing{Filter: directory.Filter{Status: account.StatusActive}}},
		{"status of the oldest thousand", directory.Listing{Filter: directory.Filter{Status: account.StatusDeactivated}}},
		{"country", directory.Listing{Filter: directory.Filter{Country: "DE"}}},
		{"source", directory.Listing{Filter: directory.Filter{Source: account.SourceImported}}},
		{"second factor", directory.Listing{Filter: directory.Filter{SecondFactor: &yes}}},
		{"role of all", directory.Listing{Filter: directory.Filter{Role: account.RoleUser}}},
		{"role of a hundred", directory.Listing{Filter: directory.Filter{Role: account.RoleAdmin}}},
		{"group of half", directory.Listing{Filter: directory.Filter{Group: Wide}}},
		{"group of the oldest ten thousand", directory.Listing{Filter: directory.Filter{Group: Old}}},
		{"role of a hundred, by name", directory.Listing{Filter: directory.Filter{Role: account.RoleAdmin}, Sort: directory.ByName}},
		{"status of most, by name", directory.Listing{Filter: directory.Filter{Status: account.StatusActive}, Sort: directory.ByName}},
		{"four filters", directory.Listing{Filter: directory.Filter{
			Status: account.StatusSuspended, Country: "GB", Role: account.RoleUser, Group: Wide,
		}}},
		{"two filters, by name", directory.Listing{
			Filter: directory.Filter{Status: account.StatusSuspended, Country: "GB"}, Sort: directory.ByName,
		}},
		{"two filters of nobody, by name", directory.Listing{
			Filter: directory.Filter{Source: account.SourceImported, SecondFactor: &yes}, Sort: directory.ByName,
		}},
		{"two filters of nobody", directory.Listing{Filter: directory.Filter{Source: account.SourceImported, SecondFactor: &yes}}},
		{"a group and a filter of nobody", directory.Listing{Filter: directory.Filter{Group: Wide, SecondFactor: &yes}}},
	} {
		if each.listing.Limit = 50; each.listing.Sort == "" {
			each.listing.Sort = directory.NewestFirst
		}
		b.Run("list/"+each.name, func(b *testing.B) {
			for b.Loop() {
				places, _, err := index.Places(b.Context(), each.listing)
				coretest.Must(b, err)
				read(b, index, places)
			}
		})
	}
	benchSearches(b, index)
	b.Run("a hundred by their ids", func(b *testing.B) {
		places, _, err := index.Places(b.Context(), directory.Listing{Sort: directory.NewestFirst, After: deep, Limit: 100})
		coretest.Must(b, err)
		for b.Loop() {
			read(b, index, places)
		}
	})
}

func benchSearches(b *testing.B, index directory.Index) {
	for _, each := range []struct {
		name, text string
		filter     directory.Filter
	}{
		{"one address", "user0777777@", directory.Filter{}},
		{"one letter", "u", directory.Filter{}},
		{"a name of a tenth", "grace", directory.Filter{}},
		{"a name of a tenth, filtered", "grace", directory.Filter{Status: account.StatusSuspended}},
		{"nothing", "zzz", directory.Filter{}},
	} {
		b.Run("search/"+each.name, func(b *testing.B) {
			search := directory.Search{Text: directory.NewSearchText(each.text), Filter: each.filter, Limit: 50}
			for b.Loop() {
				places, _, err := index.Search(b.Context(), search)
				coretest.Must(b, err)
				read(b, index, places)
			}
		})
	}
}

// read reads the users at the places.
func read(b *testing.B, index directory.Index, places []directory.Place) {
	b.Helper()
	ids := make([]core.ID, len(places))
	for i, place := range places {
		ids[i] = place.ID
	}
	users, err := index.Many(b.Context(), ids)
	coretest.Must(b, err)
	if len(users) != len(places) {
		b.Fatalf("%d users at %d places", len(users), len(places))
	}
}
