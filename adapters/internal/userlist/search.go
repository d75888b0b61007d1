package userlist

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/doorward/doorward/core/directory"
)

// columns are those of the keys. A user whose keys are alike is found by the first of them.
var columns = [...]string{"email_key", "username_key", "name_key"}

const nameSource = 2

// prefix is the form of the text that keys of the source are compared with.
func prefix(source int, text directory.SearchText) string {
	if source == nameSource {
		return text.Name
	}
	return text.Identifier
}

// SearchWindow is the statement for the first size keys of each kind behind the place, which gives hits.
func SearchWindow(dialect Dialect, search directory.Search, after directory.Place, size int) Statement {
	b := dialect.builder()
	for source := range columns {
		if source > 0 {
			b.write(" UNION ALL ")
		}
		b.write("SELECT * FROM (")
		b.source(source, search, after, size)
		b.write(") AS by_", columns[source])
	}
	return b.statement()
}

func (b *builder) source(source int, search directory.Search, after directory.Place, size int) {
	list := conditions(search.Filter)
	w := walk{
		order: order{
			column: "users." + columns[source] + b.Bytewise, id: "users.id", unique: source != nameSource && !b.Numbered,
		},
		from: "users", size: size,
		met: func() { b.begins("users."+columns[source], prefix(source, search.Text)) },
		passes: func() {
			b.within("users.created_at", search.Filter)
			b.tests(list)
		},
		settles: func() { b.least(source, search.Text) },
	}
	if !after.IsZero() {
		w.after = []any{after.Key, after.ID}
	}
	b.window(w)
}

// begins writes that a column begins with the prefix.
func (b *builder) begins(column, prefix string) {
	b.write(" AND ", column, b.Bytewise, " >= ", b.arg(prefix))
	if beyond := successor(prefix); beyond != "" {
		b.write(" AND ", column, b.Bytewise, " < ", b.arg(beyond))
	}
}

// least writes that no other key of the user matches and is less: a search finds everybody once, see
// directory.SearchText.Match. The bounds of the subquery keep it one that is asked for each row.
func (b *builder) least(source int, text directory.SearchText) {
	b.write(" AND EXISTS (SELECT 1 FROM users WHERE users.id = walked.id")
	for other, column := range columns {
		if other == source {
			continue
		}
		column, before := "coalesce(users."+column+", '')", " < "
		if other < source {
			before = " <= "
		}
		b.write(" AND NOT (", column, b.Bytewise, before, "walked.place")
		b.begins(column, prefix(other, text))
		b.write(")")
	}
	b.write(" LIMIT 1 OFFSET 0)")
}

// successor is the least text that is greater than all that begin with the prefix; empty where there is none.
func successor(prefix string) string {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch {
		case last == 0xD7FF: // what follows is no character (RFC 3629 §3)
			return prefix + "\uE000"
		case last < utf8.MaxRune:
			return prefix + string(last+1)
		}
	}
	return ""
}

// Search runs a search. read gives the hits of the window of a size behind a place, those of SearchWindow.
func Search(
	search directory.Search, read func(after directory.Place, size int) ([]Hit, error),
) (places []directory.Place, rest directory.Place, err error) {
	if search.Text.Identifier == "" || search.Text.Name == "" {
		return nil, directory.Place{}, nil
	}
	weight := len(columns) * weight(conditions(search.Filter))
	return page{after: search.After, limit: search.Limit, weight: weight, compare: byKey}.collect(read)
}

func byKey(a, b directory.Place) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), slices.Compare(a.ID[:], b.ID[:]))
}
