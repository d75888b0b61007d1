package directory

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// Index finds users among millions. What it gives may be as old as the last commit that it has seen.
type Index interface {
	// Places gives the places of up to Limit users behind After that pass the filter, in the order of the list. It looks
	// at a bounded number of users, whatever their number is and whatever is asked for, so that it may give fewer, or
	// none, before the end is reached: rest is the place to go on behind, zero at the end.
	Places(ctx context.Context, listing Listing) (places []Place, rest Place, err error)
	// Search gives, in the same way, those that pass the filter and match the text, ordered by the key of
	// SearchText.Match, then ID: each user once.
	Search(ctx context.Context, search Search) (places []Place, rest Place, err error)
	// Many gives those users that exist among the ids, of any status, with roles, groups and factors and in any order.
	Many(ctx context.Context, ids []core.ID) ([]account.User, error)
}

// Keyer makes right what releases that knew no account.NameKey have left, and go on leaving while they serve beside this
// one: names by whose keys searches do not find them.
type Keyer interface {
	// KeyNames gives up to limit accounts that are known to lack it the key of their name, and tells how many it looked
	// at: with fewer than limit there is nothing left to do, but for what others are changing. Any number may do so at
	// once. It costs next to nothing when there is nothing to do. A store that older releases never write beside this
	// one gives 0. KindUnavailable.
	KeyNames(ctx context.Context, limit int) (int, error)
}

// KeyNamesMax is how many names one KeyNames should take: nobody who is among them waits for more than a moment.
const KeyNamesMax = 1000
