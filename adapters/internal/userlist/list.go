package userlist

import (
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

// Places is the statement that reads the list, given what Counts said: rows of id and created_at, or of id and the key
// in a list that is ordered by one.
func (l List) Places(counts []int64) Statement {
	if len(counts) > 0 {
		if least := slices.Min(counts); least <= NarrowMax {
			return l.gather(slices.Index(counts, least))
		}
	}
	if !l.keyed && len(l.conditions) > 0 && l.conditions[0].member != nil {
		return l.walkMembers(l.conditions[0])
	}
	return l.walk()
}

// order is what a list is ordered by.
type order struct {
	column, id string
	descending bool
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

// tail ends a statement: behind the place where the page before ended, in order, up to the limit.
func (b *builder) tail(l List, by order) {
	direction, operator := "", " > "
	if by.descending {
		direction, operator = " DESC", " < "
	}
	if after := l.listing.After; !after.IsZero() {
		var from any = after.At
		if l.keyed {
			from = after.Key
		}
		b.write(" AND (", by.column, ", ", by.id, ")", operator, "(", b.arg(from), ", ", b.arg(after.ID), ")")
	}
	b.write(" ORDER BY ", by.column, direction, ", ", by.id, direction, " LIMIT ", b.arg(l.listing.Limit))
}

// gather reads the few whom the condition leaves.
func (l List) gather(narrow int) Statement {
	b := l.dialect.builder()
	by := l.order(b)
	b.write("WITH gathered AS MATERIALIZED (")
	b.scan(l.conditions[narrow], l.listing.Filter)
	b.write(") SELECT users.id, ", by.column, " FROM gathered CROSS JOIN users WHERE users.id = gathered.id")
	b.rest(l, narrow, "users.created_at")
	b.tail(l, by)
	return b.statement()
}

// walk follows an index of users: of the first condition in a list by time, else of the order alone.
func (l List) walk() Statement {
	b := l.dialect.builder()
	by := l.order(b)
	b.write("SELECT users.id, ", by.column, " FROM users WHERE true")
	own := -1
	if !l.keyed && len(l.conditions) > 0 {
		own = 0
		b.write(" AND users.", l.conditions[0].column, " = ", b.arg(l.conditions[0].value))
	}
	b.rest(l, own, "users.created_at")
	b.tail(l, by)
	return b.statement()
}

// walkMembers follows the index of a role or group, and looks at users only where there is more to know of them.
func (l List) walkMembers(c condition) Statement {
	b := l.dialect.builder()
	by := order{
		column: "member.user_created_at", id: "member.user_id", descending: l.listing.Sort == directory.NewestFirst,
	}
	b.write("SELECT ", by.id, ", ", by.column, " FROM ", c.member.table, " AS member")
	if len(l.conditions) > 1 {
		b.write(" CROSS JOIN users")
	}
	b.write(" WHERE member.", c.member.column, " = ", b.arg(c.value))
	if len(l.conditions) > 1 {
		b.write(" AND users.id = member.user_id")
	}
	b.rest(l, 0, by.column)
	b.tail(l, by)
	return b.statement()
}

// rest writes all conditions but the one that is met already.
func (b *builder) rest(l List, met int, created string) {
	for i, each := range l.conditions {
		if i != met && !each.period {
			b.test(each)
		}
	}
	if met < 0 || !l.conditions[met].period {
		b.within(created, l.listing.Filter)
	}
}
