// Package directorytest holds the contract suite of the index of users and the in-memory fake of it.
package directorytest

import (
	"cmp"
	"context"
	"slices"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/directory"
)

// Memory is a directory.Index of the users of a store in memory.
type Memory struct{ users *accounttest.Store }

// NewMemory makes the index.
func NewMemory(users *accounttest.Store) *Memory { return &Memory{users} }

// Places implements directory.Index. It reaches the limit or the end in one go.
func (m *Memory) Places(
	ctx context.Context, listing directory.Listing,
) (places []directory.Place, rest directory.Place, err error) {
	users, err := m.users.All(ctx)
	if err != nil {
		return nil, directory.Place{}, err
	}
	order := orders[listing.Sort]
	for _, user := range users {
		place := placeOf(user, listing.Sort)
		if listing.Filter.Passes(&user) && (listing.After.IsZero() || order(place, listing.After) > 0) {
			places = append(places, place)
		}
	}
	slices.SortFunc(places, order)
	places, rest = first(places, listing.Limit)
	return places, rest, nil
}

// first cuts places off at the limit, and tells where to go on.
func first(places []directory.Place, limit int) (some []directory.Place, rest directory.Place) {
	if len(places) <= limit {
		return places, directory.Place{}
	}
	return places[:limit], places[limit-1]
}

func placeOf(user account.User, sort directory.Sort) directory.Place {
	switch sort {
	case directory.ByName:
		return directory.Place{ID: user.ID, Key: account.NameKey(user.Profile.Name)}
	case directory.ByEmail:
		return directory.Place{ID: user.ID, Key: user.EmailKey}
	case directory.NewestFirst, directory.OldestFirst:
	}
	return directory.Place{ID: user.ID, At: user.CreatedAt}
}

var orders = map[directory.Sort]func(a, b directory.Place) int{
	directory.NewestFirst: func(a, b directory.Place) int { return byTime(b, a) },
	directory.OldestFirst: byTime,
	directory.ByName:      byKey,
	directory.ByEmail:     byKey,
}

func byTime(a, b directory.Place) int {
	return cmp.Or(a.At.Compare(b.At), coretest.CompareIDs(a.ID, b.ID))
}

func byKey(a, b directory.Place) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), coretest.CompareIDs(a.ID, b.ID))
}

// Search implements directory.Index. It reaches the limit or the end in one go.
func (m *Memory) Search(
	ctx context.Context, search directory.Search,
) (places []directory.Place, rest directory.Place, err error) {
	users, err := m.users.All(ctx)
	if err != nil {
		return nil, directory.Place{}, err
	}
	for _, user := range users {
		key, found := search.Text.Match(directory.Keys{
			Email: user.EmailKey, Username: user.UsernameKey, Name: account.NameKey(user.Profile.Name),
		})
		place := directory.Place{ID: user.ID, Key: key}
		if found && search.Filter.Passes(&user) && (search.After.IsZero() || byKey(place, search.After) > 0) {
			places = append(places, place)
		}
	}
	slices.SortFunc(places, byKey)
	places, rest = first(places, search.Limit)
	return places, rest, nil
}

// Many implements directory.Index.
func (m *Memory) Many(ctx context.Context, ids []core.ID) ([]account.User, error) {
	users, err := m.users.All(ctx)
	return slices.DeleteFunc(users, func(user account.User) bool { return !slices.Contains(ids, user.ID) }), err
}
