package userlist_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/doorward/doorward/adapters/internal/userlist"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
)

// walkMax is how many keys one search may read.
const walkMax = 20_000

// person is a user as a search sees one.
type person struct {
	id     core.ID
	keys   directory.Keys
	passes bool
}

func order(a, b directory.Place) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), slices.Compare(a.ID[:], b.ID[:]))
}

// reader reads as the statement of userlist.SearchWindow does.
func reader(people []person, text directory.SearchText) func(after directory.Place, size int) []userlist.Hit {
	var sources [3][]userlist.Hit
	for source := range sources {
		for _, each := range people {
			keys := []string{each.keys.Email, each.keys.Username, each.keys.Name}
			least, _ := text.Match(each.keys)
			if _, matches := text.Match(directory.Keys{Name: keys[source]}); matches {
				sources[source] = append(sources[source], userlist.Hit{
					Place: directory.Place{ID: each.id, Key: keys[source]}, Passes: each.passes && slices.Index(keys, least) == source,
				})
			}
		}
		slices.SortFunc(sources[source], func(a, b userlist.Hit) int { return order(a.Place, b.Place) })
	}
	return func(after directory.Place, size int) (all []userlist.Hit) {
		for _, some := range sources {
			from := 0
			if !after.IsZero() {
				from, _ = slices.BinarySearchFunc(some, after, func(hit userlist.Hit, place directory.Place) int {
					return cmp.Or(order(hit.Place, place), -1) // behind the place itself
				})
			}
			for i, hit := range some[from:min(from+size, len(some))] {
				if hit.Last = i+1 == size; hit.Passes || hit.Last {
					all = append(all, hit)
				}
			}
		}
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all
	}
}

// crowd makes people whose keys stand close together, and many of whom have two keys that are alike.
func crowd(n int, passes func(i int) bool) (people []person) {
	random := rand.New(rand.NewPCG(7, 8)) //nolint:gosec // a fixed crowd
	for i := range n {
		each := person{id: core.ID{0: byte(i >> 16), 1: byte(i >> 8), 2: byte(i), 15: 1}, passes: passes(i)}
		each.keys = directory.Keys{
			Email: fmt.Sprintf("a%05d@example.com", random.IntN(n)), Username: fmt.Sprintf("a%05d", i), Name: fmt.Sprintf("a%03d", random.IntN(n)/7),
		}
		if i%3 == 0 {
			each.keys.Name = each.keys.Username
		}
		people = append(people, each)
	}
	return people
}

// TestSearchLooksBeyondItsWindows searches a crowd of many windows, page by page.
func TestSearchLooksBeyondItsWindows(t *testing.T) {
	t.Parallel()
	for name, passes := range map[string]func(i int) bool{
		"everybody": func(int) bool { return true },
		"few":       func(i int) bool { return i%997 == 0 },
		"nobody":    func(int) bool { return false },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			people := crowd(20_000, passes)
			text := directory.NewSearchText("a")
			var want []directory.Place
			for _, each := range people {
				if key, _ := text.Match(each.keys); each.passes {
					want = append(want, directory.Place{Key: key, ID: each.id})
				}
			}
			slices.SortFunc(want, order)
			for _, limit := range []int{50, 100} {
				got, pages := searched(t, directory.Search{Text: text, Limit: limit}, reader(people, text))
				coretest.Equal(t, want, got)
				if short := pages > len(want)/limit+1; short == (name == "everybody") {
					t.Errorf("%d in %d pages of %d", len(want), pages, limit)
				}
			}
		})
	}
}

// searched reads a search to its end, and holds each page of it to its bound.
func searched(
	t *testing.T, search directory.Search, window func(after directory.Place, size int) []userlist.Hit,
) (all []directory.Place, pages int) {
	t.Helper()
	for {
		read := 0
		page, rest, err := userlist.Search(search, func(after directory.Place, size int) ([]userlist.Hit, error) {
			read += 3 * size
			return window(after, size), nil
		})
		coretest.Must(t, err)
		if read > walkMax || len(page) > search.Limit {
			t.Fatalf("%d of %d keys in one search", len(page), read)
		}
		all, pages = append(all, page...), pages+1
		if search.After = rest; rest.IsZero() {
			return all, pages
		}
	}
}

func TestSearchPassesErrorsOn(t *testing.T) {
	t.Parallel()
	_, _, err := userlist.Search(directory.Search{Text: directory.NewSearchText("a"), Limit: 1},
		func(directory.Place, int) ([]userlist.Hit, error) { return nil, core.ErrConflict })
	coretest.Refused(t, err, core.ErrConflict)
}

// TestListsEndEarly reads lists that nobody passes: of a few rows, and of more than one request may read.
func TestListsEndEarly(t *testing.T) {
	t.Parallel()
	wide := directory.Filter{Country: "DE", Status: "active"}
	for _, c := range []struct {
		filter       directory.Filter
		users, pages int
	}{
		{wide, 0, 1},
		{wide, 300, 1},
		{wide, 50_000, 3},
		{directory.Filter{Group: core.ID{1}, Status: "active"}, 50_000, 13}, // each is looked up
	} {
		list := directory.Listing{Filter: c.filter, Sort: directory.ByName, Limit: 50}
		at, pages := 0, 0
		for {
			read := 0
			places, rest, err := userlist.New(userlist.Dialect{ID: func(id core.ID) any { return id }}, list).Read(
				func(userlist.Statement) (int64, error) { return userlist.NarrowMax + 1, nil },
				func(statement userlist.Statement) ([]userlist.Hit, error) {
					size, _ := statement.Args[len(statement.Args)-1].(int)
					if read, at = read+size, at+size; at >= c.users {
						return nil, nil
					}
					return []userlist.Hit{{Place: directory.Place{Key: "a", ID: core.ID{1: byte(at >> 8), 2: byte(at)}}, Last: true}}, nil
				})
			coretest.Must(t, err)
			if pages++; len(places) > 0 || read > walkMax || pages > c.pages {
				t.Fatalf("%d places, %d read in page %d", len(places), read, pages)
			}
			if list.After = rest; rest.IsZero() {
				break
			}
		}
		coretest.Equal(t, c.pages, pages)
	}
}
