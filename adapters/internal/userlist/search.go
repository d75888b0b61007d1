package userlist

import (
	"cmp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/directory"
)

// The bounds of one search: windowsMax windows of windowSize keys of each kind.
const (
	windowSize = 1000
	windowsMax = 8
)

// Candidate is a key that begins with the text of a search.
type Candidate struct {
	ID core.ID
	// Source tells which kind of key it is, as the statement numbers them.
	Source int
	Key    string
	// Keys are all keys of the user: one who has a lesser one that matches stands there instead.
	Keys directory.Keys
	// Passes tells that the user passes the filter.
	Passes bool
}

// columns are those of the keys, the unique ones, which need no id to be in order, first.
var columns = [...]string{"email_key", "username_key", "name_key"}

const nameSource = 2

// prefix is the form of the text that keys of the source are compared with.
func prefix(source int, text directory.SearchText) string {
	if source == nameSource {
		return text.Name
	}
	return text.Identifier
}

// Window is the statement for the first windowSize keys of each kind behind the place: rows of id, source, key,
// email_key, username_key (empty for none), name_key, and whether the user passes the filter, in no order.
func Window(dialect Dialect, search directory.Search, after directory.Place) Statement {
	b := dialect.builder()
	for source := range columns {
		if source > 0 {
			b.write(" UNION ALL ")
		}
		b.window(source, search, after)
	}
	return b.statement()
}

func (b *builder) window(source int, search directory.Search, after directory.Place) {
	key, begin := "users."+columns[source]+b.Bytewise, prefix(source, search.Text)
	b.write("SELECT * FROM (SELECT users.id, ", strconv.Itoa(source), " AS source, ", key, " AS matched, users.email_key, ",
		"coalesce(users.username_key, '') AS username_key, users.name_key, (true")
	for _, each := range conditions(search.Filter) {
		b.test(each)
	}
	b.within("users.created_at", search.Filter)
	b.write(") AS passes FROM users WHERE ", key, " >= ", b.arg(begin))
	if beyond := successor(begin); beyond != "" {
		b.write(" AND ", key, " < ", b.arg(beyond))
	}
	if !after.IsZero() {
		b.write(" AND (", key, ", users.id) > (", b.arg(after.Key), ", ", b.arg(after.ID), ")")
	}
	b.write(" ORDER BY ", key)
	if source == nameSource || b.Numbered {
		b.write(", users.id")
	}
	b.write(" LIMIT ", b.arg(windowSize), ") AS by_", columns[source])
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

// Find runs a search, window after window. read gives the candidates of the window behind a place.
func Find(
	search directory.Search, read func(after directory.Place) ([]Candidate, error),
) (places []directory.Place, rest directory.Place, err error) {
	if search.Text.Identifier == "" || search.Text.Name == "" {
		return nil, directory.Place{}, nil
	}
	after := search.After
	for range windowsMax {
		candidates, err := read(after)
		if err != nil {
			return nil, directory.Place{}, err
		}
		known, more := settled(candidates)
		for i, each := range known {
			if least, _ := search.Text.Match(each.Keys); each.Passes && least == each.Key {
				places = append(places, directory.Place{Key: each.Key, ID: each.ID})
			}
			after = directory.Place{Key: each.Key, ID: each.ID}
			if len(places) == search.Limit {
				return places, end(after, more || i+1 < len(known)), nil
			}
		}
		if !more {
			return places, directory.Place{}, nil
		}
	}
	return places, after, nil
}

func end(at directory.Place, more bool) directory.Place {
	if more {
		return at
	}
	return directory.Place{}
}

// settled gives the candidates of a window in order, each place once, up to where one of the sources was cut off:
// beyond, it may have keys that were not read. more tells that there is a beyond.
func settled(candidates []Candidate) (known []Candidate, more bool) {
	slices.SortFunc(candidates, compare)
	horizon, counts := len(candidates), [len(columns)]int{}
	for i, each := range candidates {
		if counts[each.Source]++; counts[each.Source] == windowSize && !more {
			horizon, more = i+1, true // the first source to be full ends first
		}
	}
	return slices.CompactFunc(candidates[:horizon], func(a, b Candidate) bool { return compare(a, b) == 0 }), more
}

func compare(a, b Candidate) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), slices.Compare(a.ID[:], b.ID[:]))
}
