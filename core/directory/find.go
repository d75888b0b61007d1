package directory

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

// The bounds of what is asked for at once.
const (
	// ManyMax is how many users can be read by their ids.
	ManyMax = 100
	// SearchMax is how long a search text is, in code points: as long as an address, which is the longest that it finds.
	SearchMax = 254
)

// Page is a part of a list. Next is the place behind which the next one begins; zero on the last page.
type Page struct {
	Users []account.User
	Next  Place
}

// List gives a page of a list. It may have fewer users than the limit, or none, though there is a next one. A limit out
// of bounds becomes the nearest one within, none the default. Who may read users has been asked at the edge.
func (s *Service) List(ctx context.Context, listing Listing) (Page, error) {
	listing.Limit = core.Page{Limit: listing.Limit}.Size()
	places, rest, err := s.deps.Index.Places(ctx, listing)
	if err != nil {
		return Page{}, err
	}
	users, err := s.at(ctx, places)
	return Page{Users: users, Next: rest}, err
}

// Search gives a page of the users whom a text finds, as List does. KindInvalid for the field "search".
func (s *Service) Search(ctx context.Context, typed string, search Search) (Page, error) {
	unprintable := func(r rune) bool { return r == unicode.ReplacementChar || unicode.IsControl(r) }
	search.Text = NewSearchText(typed)
	switch {
	case utf8.RuneCountInString(typed) > SearchMax:
		return Page{}, core.InvalidField("search", core.CodeTooLong, "A search text has 254 characters at the most.")
	case strings.ContainsFunc(typed, unprintable) || search.Text.Name == "":
		return Page{}, core.InvalidField("search", core.CodeInvalidFormat, "A search text is one line of printable characters.")
	}
	search.Limit = core.Page{Limit: search.Limit}.Size()
	places, rest, err := s.deps.Index.Search(ctx, search)
	if err != nil {
		return Page{}, err
	}
	users, err := s.at(ctx, places)
	return Page{Users: users, Next: rest}, err
}

// at gives the users at the places, in their order. Who is purged meanwhile is left out.
func (s *Service) at(ctx context.Context, places []Place) ([]account.User, error) {
	ids := make([]core.ID, len(places))
	for i, place := range places {
		ids[i] = place.ID
	}
	return s.Many(ctx, ids)
}

// Many gives the users of the ids, ManyMax at the most where a caller names them, in the order of the ids and each once.
// Those that do not exist are left out.
func (s *Service) Many(ctx context.Context, ids []core.ID) ([]account.User, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := s.deps.Index.Many(ctx, ids)
	if err != nil {
		return nil, err
	}
	places := make(map[core.ID]int, len(ids))
	for i, id := range slices.Backward(ids) {
		places[id] = i
	}
	slices.SortFunc(found, func(a, b account.User) int { return places[a.ID] - places[b.ID] })
	return found, nil
}

// Find gives a user of any status. core.ErrNotFound.
func (s *Service) Find(ctx context.Context, id core.ID) (account.User, error) {
	return s.deps.Users.Find(ctx, id)
}

// Sessions gives a page of a user's live sessions, as session.Service.List does. core.ErrNotFound.
func (s *Service) Sessions(
	ctx context.Context, user core.ID, page core.Page,
) (sessions []session.Session, next core.Position, err error) {
	if _, err = s.deps.Users.Find(ctx, user); err != nil {
		return nil, core.Position{}, err
	}
	return s.deps.Sessions.List(ctx, user, page)
}

// readProfile shows people their own profile, and any to who may read all users. A token of a person without me.read is
// a stranger.
var readProfile = access.Act{Any: access.UsersRead, Own: access.MeRead, Reads: true}

// Profile gives a user whose profile may be seen by whoever holds the rights; none are a stranger's. It is seen, by its
// owner's choice, by everybody, by whoever is signed in, or by nobody but the owner and those who may read all users. These
// two see it whatever the state of the account, others that of an active one alone. core.ErrNotFound for all other profiles
// and for those that do not exist.
func (s *Service) Profile(ctx context.Context, viewer access.Rights, id core.ID) (account.User, error) {
	user, err := s.deps.Users.Find(ctx, id)
	if err != nil {
		return account.User{}, err
	}
	shown := access.Decide(&viewer, readProfile, &access.Resource{Owner: user.ID}) == access.Permitted
	if !shown && !showsItself(&user, &viewer) {
		return account.User{}, core.ErrNotFound
	}
	return user, nil
}

// showsItself reports whether the owner of a profile shows it to the viewer. Whoever holds me.read is a person.
func showsItself(user *account.User, viewer *access.Rights) bool {
	if user.Status != account.StatusActive {
		return false
	}
	switch user.Preferences.Visibility {
	case account.VisibilityPublic:
		return true
	case account.VisibilityMembers:
		return viewer.Set.Has(access.MeRead)
	case account.VisibilityPrivate:
	}
	return false
}
