// Package recordlist writes the statements that read what happened, the audit log and the outbox, for both engines. They
// are put together from what a query names, because one text for all queries, in which each filter may be null, has
// plans that fit none of them.
package recordlist

import (
	"strings"
	"time"

	"github.com/doorward/doorward/core"
)

// Dialect is what tells the engines apart.
type Dialect struct {
	// Place writes the place of the nth parameter, counted from 1.
	Place func(n int) string
	// Action is the column as its index orders it: byte by byte.
	Action string
	// ID and Time turn values into parameters.
	ID   func(core.ID) any
	Time func(time.Time) any
}

// selection is a statement that is being written.
type selection struct {
	dialect    Dialect
	conditions []string
	parameters []any
}

// add adds a condition, in which each ? stands for one of the parameters.
func (s *selection) add(condition string, parameters ...any) {
	var text strings.Builder
	parts := strings.Split(condition, "?")
	for i, parameter := range parameters {
		s.parameters = append(s.parameters, parameter)
		text.WriteString(parts[i] + s.dialect.Place(len(s.parameters)))
	}
	text.WriteString(parts[len(parts)-1])
	s.conditions = append(s.conditions, text.String())
}

// finish gives the statement, for up to limit rows.
func (s *selection) finish(table, columns, order string, limit int) (statement string, parameters []any) {
	var text strings.Builder
	text.WriteString("SELECT " + columns + " FROM " + table)
	for i, condition := range s.conditions {
		text.WriteString([]string{" WHERE ", " AND "}[min(i, 1)] + condition)
	}
	text.WriteString(" ORDER BY " + order + " LIMIT " + s.dialect.Place(len(s.parameters)+1))
	return text.String(), append(s.parameters, limit)
}
