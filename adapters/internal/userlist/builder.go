// Package userlist writes the statements that list and search users, for both engines. Filters come and go with each
// request, and a text that holds them all, such as (@role IS NULL OR …), leaves the planner without an index: hence
// statements made of what is asked for.
//
// A list is read in one of two ways. A walk follows an index that has the order of the list, from the place where the
// page before ended, and drops what does not pass: good where what is dropped is little, or where the index is of the
// filter itself. A gathering takes the few users that a narrow filter leaves and sorts them. Counts say which, and
// they stop at NarrowMax, so that they cost little themselves.
package userlist

import (
	"strconv"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
)

// Dialect is what the engines write or keep differently.
type Dialect struct {
	// Numbered tells that parameters are $1, $2 … and not ?.
	Numbered bool
	// Bytewise makes a text be compared byte by byte.
	Bytewise string
	// Unindexed keeps a column from being looked up by an index of its own, where the planner has no statistics to
	// know better.
	Unindexed string
	// ID and Time are the values as the engine keeps them.
	ID   func(core.ID) any
	Time func(time.Time) any
}

// Statement is an SQL text with its arguments.
type Statement struct {
	SQL  string
	Args []any
}

// builder collects a statement.
type builder struct {
	Dialect
	text strings.Builder
	args []any
}

func (d Dialect) builder() *builder { return &builder{Dialect: d} }

func (b *builder) write(parts ...string) {
	for _, part := range parts {
		b.text.WriteString(part)
	}
}

// arg adds an argument and gives its placeholder.
func (b *builder) arg(value any) string {
	switch typed := value.(type) {
	case core.ID:
		value = b.ID(typed)
	case time.Time:
		value = b.Time(typed)
	}
	b.args = append(b.args, value)
	if b.Numbered {
		return "$" + strconv.Itoa(len(b.args))
	}
	return "?"
}

func (b *builder) statement() Statement { return Statement{SQL: b.text.String(), Args: b.args} }
