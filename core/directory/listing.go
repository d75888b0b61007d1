package directory

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// Sort is the order of a list.
type Sort string

// The orders. Names and addresses are compared by their keys, byte by byte, which is the order of code points; where
// two are alike, by id, ascending.
const (
	NewestFirst Sort = "-created_at" // by CreatedAt, then ID, both descending
	OldestFirst Sort = "created_at"  // by CreatedAt, then ID, both ascending
	ByName      Sort = "name"        // by account.NameKey
	ByEmail     Sort = "email"       // by EmailKey
)

// Keyed reports whether the order is one of keys, and not of times.
func (s Sort) Keyed() bool { return s == ByName || s == ByEmail }

// Filter is what the users of a list have in common. What is left empty or nil filters nothing.
type Filter struct {
	Status account.Status
	// Role is the name of a role, Group the id of a group.
	Role  string
	Group core.ID
	// EmailVerified tells whether the mailbox is proven, SecondFactor whether there is a confirmed second factor.
	EmailVerified *bool
	SecondFactor  *bool
	Source        account.Source
	// Country is ISO 3166-1 alpha-2.
	Country string
	// CreatedFrom is the earliest CreatedAt, CreatedTo the first one beyond.
	CreatedFrom time.Time
	CreatedTo   time.Time
}

// Passes reports whether the user has it all. It is the rule that stores put into their own words.
func (f Filter) Passes(user *account.User) bool {
	flag := func(want *bool, is bool) bool { return want == nil || *want == is }
	return (f.Status == "" || user.Status == f.Status) &&
		(f.Role == "" || user.HasRole(f.Role)) &&
		(f.Group.IsZero() || slices.Contains(user.Groups, f.Group)) &&
		flag(f.EmailVerified, user.EmailVerified) &&
		flag(f.SecondFactor, len(user.Protection.SecondFactors) > 0) &&
		(f.Source == "" || user.Source == f.Source) &&
		(f.Country == "" || user.Country == f.Country) &&
		(f.CreatedFrom.IsZero() || !user.CreatedAt.Before(f.CreatedFrom)) &&
		(f.CreatedTo.IsZero() || user.CreatedAt.Before(f.CreatedTo))
}

// Place is where a user stands in a list: At in one ordered by time, Key in one ordered by keys and in a search. Its
// zero value is the beginning.
type Place struct {
	At  time.Time
	Key string
	ID  core.ID
}

// IsZero reports whether the place is the beginning.
func (p Place) IsZero() bool { return p.ID.IsZero() }

// Listing asks for a part of a list.
type Listing struct {
	Filter Filter
	Sort   Sort
	// After is the place behind which it begins, Limit how many places to give at most.
	After Place
	Limit int
}

// Search asks for users whose address, username or name begins with a text.
type Search struct {
	Text   SearchText
	Filter Filter
	After  Place
	Limit  int
}

// SearchText is a text in the forms that keys are compared with.
type SearchText struct {
	// Identifier is for the keys of addresses and usernames: in lower case, compatibility forms being one (NFKC).
	Identifier string
	// Name is for those of names, see account.NameKey.
	Name string
}

// NewSearchText makes the forms of what somebody typed; both are empty for nothing but space.
func NewSearchText(text string) SearchText {
	return SearchText{
		Identifier: strings.ToLower(norm.NFKC.String(strings.TrimSpace(text))), Name: account.NameKey(text),
	}
}

// Keys are those of a user that a search looks at. Username is empty where there is none.
type Keys struct{ Email, Username, Name string }

// Match is the least of the keys that begin with the text: where a search finds the user. It reports false when none
// does.
func (t SearchText) Match(keys Keys) (least string, found bool) {
	consider := func(key, prefix string) {
		if key != "" && prefix != "" && strings.HasPrefix(key, prefix) && (!found || key < least) {
			least, found = key, true
		}
	}
	consider(keys.Email, t.Identifier)
	consider(keys.Username, t.Identifier)
	consider(keys.Name, t.Name)
	return least, found
}
