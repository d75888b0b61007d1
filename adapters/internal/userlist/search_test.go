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

// windowSize is how many keys of each kind the statements read.
const windowSize = 1000

// person is a user as a search sees one.
type person struct {
	id     core.ID
	keys   directory.Keys
	passes bool
}

func order(a, b userlist.Candidate) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), slices.Compare(a.ID[:], b.ID[:]))
}

// reader reads as the statement of userlist.Window does.
func reader(people []person, text directory.SearchText) func(after directory.Place) []userlist.Candidate {
	var sources [3][]userlist.Candidate
	for source := range sources {
		for _, each := range people {
			key := []string{each.keys.Email, each.keys.Username, each.keys.Name}[source]
			if _, matches := text.Match(directory.Keys{Name: key}); matches {
				sources[source] = append(sources[source], userlist.Candidate{
					ID: each.id, Source: source, Key: key, Keys: each.keys, Passes: each.passes,
				})
			}
		}
		slices.SortFunc(sources[source], order)
	}
	return func(after directory.Place) (all []userlist.Candidate) {
		for _, some := range sources {
			if !after.IsZero() {
				last, found := slices.BinarySearchFunc(some, userlist.Candidate{ID: after.ID, Key: after.Key}, order)
				if some = some[last:]; found {
					some = some[1:]
				}
			}
			all = append(all, some[:min(windowSize, len(some))]...)
		}
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all
	}
}

// crowd makes people whose keys stand close together, and many of whom have two keys that are alike.
func crowd(n int, passes func(i int) bool) (people []person) {
	random := rand.New(rand.NewPCG(7, 8)) //nolint:gosec // a fixed crowd
	for i := range n {
		each := person{id: core.ID{0: byte(i >> 16), 1: byte(i >> 8), 2: byte(i)}, passes: passes(i)}
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

// TestFindLooksBeyondItsWindows searches a crowd of many windows, page by page.
func TestFindLooksBeyondItsWindows(t *testing.T) {
	t.Parallel()
	for name, passes := range map[string]func(i int) bool{
		"everybody": func(int) bool { return true },
		"few":       func(i int) bool { return i%997 == 0 },
		"nobody":    func(int) bool { return false },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			people := crowd(10_000, passes)
			text := directory.NewSearchText("a")
			var want, got []directory.Place
			for _, each := range people {
				if key, _ := text.Match(each.keys); each.passes {
					want = append(want, directory.Place{Key: key, ID: each.id})
				}
			}
			slices.SortFunc(want, func(a, b directory.Place) int {
				return cmp.Or(cmp.Compare(a.Key, b.Key), slices.Compare(a.ID[:], b.ID[:]))
			})
			search, window := directory.Search{Text: text, Limit: 2000}, reader(people, text)
			for {
				reads := 0
				page, rest, err := userlist.Find(search, func(after directory.Place) ([]userlist.Candidate, error) {
					reads++
					return window(after), nil
				})
				coretest.Must(t, err)
				if reads > 8 {
					t.Fatalf("%d windows in one search", reads)
				}
				got = append(got, page...)
				if search.After = rest; rest.IsZero() {
					break
				}
			}
			coretest.Equal(t, want, got)
		})
	}
}

func TestFindPassesErrorsOn(t *testing.T) {
	t.Parallel()
	_, _, err := userlist.Find(directory.Search{Text: directory.NewSearchText("a"), Limit: 1},
		func(directory.Place) ([]userlist.Candidate, error) { return nil, core.ErrConflict })
	coretest.Refused(t, err, core.ErrConflict)
}
