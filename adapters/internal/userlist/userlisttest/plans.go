// Package userlisttest says by which indexes lists and searches of users are to be read, for the tests of both engines.
package userlisttest

import (
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/internal/userlist"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
)

// Indexes are the names that an engine has for indexes which differ, and what it puts before the name of one that holds
// all that is asked of a row.
type Indexes struct{ Email, Username, Covering string }

const many, few = userlist.NarrowMax + 1, userlist.NarrowMax

// Times within the first days of those whom Bench describes.
var (
	early  = time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC)
	middle = time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)
	late   = time.Date(2024, 1, 4, 8, 0, 0, 0, time.UTC)
)

// sizes are those of a first and of a last window.
var sizes = []int{51, 17_000}

// listing is a list with what its conditions count, and the index that it is to be read by.
type listing struct {
	filter directory.Filter
	sort   directory.Sort
	counts []int64
	index  string
	// gathers tells that few users are sorted.
	gathers bool
}

func listings(names Indexes) map[string]listing {
	yes, group := true, core.ID{1}
	const newest = directory.NewestFirst
	return map[string]listing{
		"newest":          {sort: newest, index: "users_by_creation"},
		"oldest":          {sort: directory.OldestFirst, index: "users_by_creation"},
		"period":          {filter: directory.Filter{CreatedFrom: early, CreatedTo: late}, sort: newest, index: "users_by_creation"},
		"by name":         {sort: directory.ByName, index: names.Covering + "users_listed_by_name"},
		"by email":        {sort: directory.ByEmail, index: names.Email},
		"status":          {filter: directory.Filter{Status: account.StatusActive}, sort: newest, index: names.Covering + "users_listed_by_status"},
		"country, oldest": {filter: directory.Filter{Country: "DE"}, sort: directory.OldestFirst, index: names.Covering + "users_listed_by_country"},
		"source":          {filter: directory.Filter{Source: account.SourceImported}, sort: newest, index: names.Covering + "users_listed_by_source"},
		"verified":        {filter: directory.Filter{EmailVerified: &yes}, sort: newest, index: "users_by_verification"},
		"second factor":   {filter: directory.Filter{SecondFactor: &yes}, sort: newest, index: names.Covering + "users_listed_by_second_factor"},
		"role":            {filter: directory.Filter{Role: "USER"}, sort: newest, index: "user_roles_by_creation"},
		"group, oldest":   {filter: directory.Filter{Group: group}, sort: directory.OldestFirst, index: "user_groups_by_creation"},
		"group and status, both wide": {
			filter: directory.Filter{Group: group, Status: account.StatusActive}, sort: newest, counts: []int64{many, many},
			index: "user_groups_by_creation",
		},
		"country and status, both wide": {
			filter: directory.Filter{Country: "DE", EmailVerified: &yes}, sort: newest, counts: []int64{many, many},
			index: names.Covering + "users_listed_by_country",
		},
		"country and rare status": {
			filter: directory.Filter{Country: "DE", Status: account.StatusDeleted}, sort: newest, counts: []int64{many, few},
			index: "users_listed_by_status", gathers: true,
		},
		"wide status by name": {
			filter: directory.Filter{Status: account.StatusActive}, sort: directory.ByName, counts: []int64{many},
			index: names.Covering + "users_listed_by_name",
		},
		"wide filters by name": {
			filter: directory.Filter{
				Status: account.StatusActive, Country: "DE", Source: account.SourceImported, EmailVerified: &yes, SecondFactor: &yes,
				CreatedFrom: early,
			},
			sort: directory.ByName, counts: []int64{many, many, many, many, many, many}, index: names.Covering + "users_listed_by_name",
		},
		"wide role by email": {
			filter: directory.Filter{Role: "USER"}, sort: directory.ByEmail, counts: []int64{many}, index: names.Email,
		},
		"rare role by name": {
			filter: directory.Filter{Role: "ADMIN"}, sort: directory.ByName, counts: []int64{few}, index: "user_roles_by_", gathers: true,
		},
		"short period by name": {
			filter: directory.Filter{CreatedFrom: late}, sort: directory.ByName, counts: []int64{few},
			index: "users_by_creation", gathers: true,
		},
	}
}

// TestPlans holds the plans of lists and searches to their indexes: the first page and a later one, and the counts that
// choose between them. explain gives the plan of a statement as text; whole tells of a line of it that a table is read
// whole, or sorted.
func TestPlans(
	t *testing.T, dialect userlist.Dialect, names Indexes, explain func(t *testing.T, statement userlist.Statement) string,
	whole, sorts func(line string) bool,
) {
	t.Helper()
	check := func(t *testing.T, statement userlist.Statement, gathers bool, indexes ...string) {
		t.Helper()
		plan := explain(t, statement)
		for _, index := range indexes {
			if !strings.Contains(plan, index) {
				t.Errorf("%s\nis not read by %s:\n%s", statement.SQL, index, plan)
			}
		}
		for line := range strings.Lines(plan) {
			if whole(line) || sorts(line) && !gathers {
				t.Errorf("%s\nreads or sorts too much:\n%s", statement.SQL, plan)
			}
		}
	}
	for name, each := range listings(names) {
		t.Run(name, func(t *testing.T) {
			for _, after := range []directory.Place{{}, {ID: core.ID{1}, At: middle, Key: "a"}} {
				list := userlist.New(dialect, directory.Listing{Filter: each.filter, Sort: each.sort, After: after, Limit: 50})
				counts := list.Counts()
				if len(counts) != len(each.counts) {
					t.Fatalf("%d counts, want %d", len(counts), len(each.counts))
				}
				for _, statement := range counts {
					check(t, statement, false)
				}
				narrow, gathers := list.Narrow(each.counts)
				if gathers != each.gathers {
					t.Fatalf("gathers: %t", gathers)
				}
				if gathers {
					check(t, list.Gathering(narrow, 51), true, each.index)
					continue
				}
				for _, size := range sizes {
					check(t, list.Window(after, size), false, each.index)
				}
			}
		})
	}
	t.Run("search", func(t *testing.T) {
		yes := true
		search := directory.Search{
			Text: directory.NewSearchText("ada"), Filter: directory.Filter{Status: account.StatusActive, Role: "USER", SecondFactor: &yes},
		}
		for _, after := range []directory.Place{{}, {ID: core.ID{1}, Key: "adam"}} {
			for _, size := range sizes {
				check(t, userlist.SearchWindow(dialect, search, after, size), false, "users_listed_by_name", names.Email, names.Username)
			}
		}
	})
}
