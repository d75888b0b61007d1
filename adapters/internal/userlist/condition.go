package userlist

import (
	"slices"
	"time"

	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
)

// condition is one part of a filter. Either column or member is set, or it is a period.
type condition struct {
	column string // of users, which has an index of it and the order of creation
	member *membership
	period bool
	value  any
}

// membership is a table of who has what, which has an index of it and the order of creation.
type membership struct{ table, column string }

var (
	roles  = &membership{"user_roles", "role"}
	groups = &membership{"user_groups", "group_id"}
)

// conditions takes a filter apart. What mostly leaves fewer users stands first: a walk follows the first one's index
// where none is narrow.
func conditions(f directory.Filter) (list []condition) {
	add := func(set bool, made condition) {
		if set {
			list = append(list, made)
		}
	}
	add(!f.Group.IsZero(), condition{member: groups, value: f.Group})
	add(f.Role != "" && f.Role != account.RoleUser, condition{member: roles, value: f.Role})
	add(f.Country != "", condition{column: "country", value: f.Country})
	add(f.Source != "", condition{column: "source", value: string(f.Source)})
	add(f.Status != "", condition{column: "status", value: string(f.Status)})
	if f.SecondFactor != nil {
		add(true, condition{column: "has_second_factor", value: *f.SecondFactor})
	}
	if f.EmailVerified != nil {
		add(true, condition{column: "email_verified", value: *f.EmailVerified})
	}
	add(f.Role == account.RoleUser, condition{member: roles, value: f.Role})
	return list
}

// weight is what a row counts for that is asked for all of the conditions: memberships stand in another table.
func weight(list []condition) int {
	if slices.ContainsFunc(list, func(c condition) bool { return c.member != nil }) {
		return lookup
	}
	return 1
}

// bounded reports whether the filter is of a period.
func bounded(f directory.Filter) bool { return !f.CreatedFrom.IsZero() || !f.CreatedTo.IsZero() }

// scan writes a query of the ids of those who pass the condition.
func (b *builder) scan(c condition, f directory.Filter) {
	switch {
	case c.member != nil:
		b.write("SELECT user_id AS id FROM ", c.member.table, " WHERE ", c.member.column, " = ", b.arg(c.value))
	case c.period:
		b.write("SELECT id FROM users WHERE true")
		b.within("created_at", f)
	default:
		b.write("SELECT id FROM users WHERE ", c.column, " = ", b.arg(c.value))
	}
}

// test writes the condition for a row of users that was found in another way.
func (b *builder) test(c condition) {
	if c.member == nil {
		b.write(" AND ", b.Unindexed, "users.", c.column, " = ", b.arg(c.value))
		return
	}
	// The bounds of the subquery keep it one that is asked for each row: made into a join, it would be read whole.
	b.write(" AND EXISTS (SELECT 1 FROM ", c.member.table, " AS m WHERE m.user_id = users.id AND m.", c.member.column,
		" = ", b.arg(c.value), " LIMIT 1 OFFSET 0)")
}

// tests writes the conditions for such a row, memberships, which take a look at another table, at the end.
func (b *builder) tests(list []condition) {
	for _, members := range []bool{false, true} {
		for _, each := range list {
			if !each.period && (each.member != nil) == members {
				b.test(each)
			}
		}
	}
}

// within writes the period for a column.
func (b *builder) within(column string, f directory.Filter) {
	bound := func(operator string, at time.Time) {
		if !at.IsZero() {
			b.write(" AND ", column, operator, b.arg(at))
		}
	}
	bound(" >= ", f.CreatedFrom)
	bound(" < ", f.CreatedTo)
}
