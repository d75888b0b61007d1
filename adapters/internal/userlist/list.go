package userlist

import (
	"cmp"
	"slices"

	"github.com/doorward/doorward/core/directory"
)

// NarrowMax is how many users are gathered and sorted at the most: some 20 ms of work, as much as a walk takes that
// finds one in two hundred.
const NarrowMax = 5000

// List is a listing taken apart.
type List struct {
	dialect    Dialect
	listing    directory.Listing
	conditions []condition
	// keyed tells that the order is one of keys: no condition has an index in it, and the period is one of them.
	keyed bool
}

// New takes a listing apart.
func New(dialect Dialect, listing directory.Listing) List {
	list := List{
		dialect: dialect, listing: listing, conditions: conditions(listing.Filter), keyed: listing.Sort.Keyed(),
	}
	if list.keyed && bounded(listing.Filter) {
		list.conditions = append(list.conditions, condition{period: true})
	}
	return list
}

// Counts are the statements that tell how narrow each condition is, one number each, in the order that Places wants.
// There are none where a walk is good whatever they say: it has no condition to meet, or follows the index of the one
// that it has.
func (l List) Counts() (counts []Statement) {
	if len(l.conditions) < 2 && !l.keyed {
		return nil
	}
	for _, each := range l.conditions {
		b := l.dialect.builder()
		b.write("SELECT count(*) FROM (")
		b.scan(each, l.listing.Filter)
		b.write(" LIMIT ", b.arg(NarrowMax+1), ") AS counted")
		counts = append(counts, b.statement())
	}
	return counts
}

// Narrow gives the first of the narrowest conditions, given what Counts said, or false where none is narrow.
func (l List) Narrow(counts []int64) (condition int, narrow bool) {
	if len(counts) == 0 {
		return 0, false
	}
	least := slices.Min(counts)
	return slices.Index(counts, least), least <= NarrowMax
}

// Read reads the list. count gives the number of a statement of Counts, read the hits of one of Gathering or Window.
func (l List) Read(
	count func(Statement) (int64, error), read func(Statement) ([]Hit, error),
) (places []directory.Place, rest directory.Place, err error) {
	var counts []int64
	for _, statement := range l.Counts() {
		n, err := count(statement)
		if err != nil {
			return nil, directory.Place{}, err
		}
		counts = append(counts, n)
	}
	narrow, gathers := l.Narrow(counts)
	page := page{after: l.listing.After, limit: l.listing.Limit, weight: l.weight(), compare: l.compare()}
	return page.collect(func(after directory.Place, size int) ([]Hit, error) {
		if gathers {
			return read(l.Gathering(narrow, size))
		}
		return read(l.Window(after, size))
	})
}

// weight is what a row of a window counts for.
func (l List) weight() int {
	if !l.keyed && len(l.conditions) == 1 {
		return 1 // the index is of the condition itself
	}
	return weight(l.conditions)
}

// compare gives the order of places.
func (l List) compare() func(a, b directory.Place) int {
	byTime := func(a, b directory.Place) int {
		return cmp.Or(a.At.Compare(b.At), slices.Compare(a.ID[:], b.ID[:]))
	}
	switch {
	case l.keyed:
		return byKey
	case l.listing.Sort == directory.OldestFirst:
		return byTime
	}
	return func(a, b directory.Place) int { return byTime(b, a) }
}

func (l List) order(b *builder) order {
	switch l.listing.Sort {
	case directory.ByName:
		return order{column: "users.name_key" + b.Bytewise, id: "users.id"}
	case directory.ByEmail:
		return order{column: "users.email_key" + b.Bytewise, id: "users.id"}
	case directory.OldestFirst:
		return order{column: "users.created_at", id: "users.id"}
	case directory.NewestFirst:
	}
	return order{column: "users.created_at", id: "users.id", descending: true}
}

// behind is the place as a walk takes it.
func (l List) behind(place directory.Place) []any {
	switch {
	case place.IsZero():
		return nil
	case l.keyed:
		return []any{place.Key, place.ID}
	}
	return []any{place.At, place.ID}
}

// Gathering is the statement that reads the first size of the few whom the condition leaves. It gives hits, none of
// which is the last one. They are found before they are sorted: a planner that may do both at once walks the order and
// looks each user up among the few.
func (l List) Gathering(narrow, size int) Statement {
	b := l.dialect.builder()
	by := l.order(b)
	b.write("WITH gathered AS MATERIALIZED (")
	b.scan(l.conditions[narrow], l.listing.Filter)
	b.write("), found AS MATERIALIZED (SELECT users.id, ", by.column,
		" AS place FROM gathered CROSS JOIN users WHERE users.id = gathered.id")
	if !l.conditions[narrow].period {
		b.within("users.created_at", l.listing.Filter)
	}
	b.tests(slices.Delete(slices.Clone(l.conditions), narrow, narrow+1))
	by.column, by.id = "found.place", "found.id"
	b.write(") SELECT found.id, found.place, true, false FROM found WHERE true")
	b.behind(by, l.behind(l.listing.After))
	b.write(by.clause(), " LIMIT ", b.arg(size))
	return b.statement()
}

// Window is the statement that walks size rows behind the place and gives hits: along an index of users, that of the
// first condition in a list by time, else that of the order alone; or along the index of a role or group.
func (l List) Window(after directory.Place, size int) Statement {
	b := l.dialect.builder()
	w := walk{order: l.order(b), from: "users", after: l.behind(after), size: size, settles: func() {}}
	switch {
	case l.keyed:
		w.met = func() {}
		w.passes = func() {
			b.within("users.created_at", l.listing.Filter)
			b.tests(l.conditions)
		}
	case len(l.conditions) > 0 && l.conditions[0].member != nil:
		l.alongMembers(b, &w)
	default:
		first := l.conditions[:min(1, len(l.conditions))]
		w.met = func() {
			for _, own := range first {
				b.write(" AND users.", own.column, " = ", b.arg(own.value))
			}
			b.within("users.created_at", l.listing.Filter)
		}
		w.passes = func() { b.tests(l.conditions[len(first):]) }
	}
	b.window(w)
	return b.statement()
}

// alongMembers makes a walk follow the index of a role or group, and look at users only where there is more to know.
func (l List) alongMembers(b *builder, w *walk) {
	own, others := l.conditions[0], l.conditions[1:]
	w.from, w.column, w.id = own.member.table+" AS member", "member.user_created_at", "member.user_id"
	w.met = func() {
		b.write(" AND member.", own.member.column, " = ", b.arg(own.value))
		b.within(w.column, l.listing.Filter)
	}
	w.passes = func() {
		if len(others) > 0 {
			b.write(" AND EXISTS (SELECT 1 FROM users WHERE users.id = member.user_id")
			b.tests(others)
			b.write(" LIMIT 1 OFFSET 0)")
		}
	}
}
