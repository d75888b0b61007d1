package userlist

import (
	"slices"

	"github.com/doorward/doorward/core/directory"
)

// The bounds of one walk. The first window is of one row more than asked for, which is all that is read where everybody
// passes; each further one is growth times as long as the one before, until walkMax rows have been read: some 30 ms of
// work where the index has all that the filters ask about. A row that has to be looked up elsewhere for them counts
// lookup times, which is about what it costs.
const (
	growth  = 8
	walkMax = 20_000
	lookup  = 5
)

// Hit is a row of a window: one that passes, or the last one, behind which there may be more.
type Hit struct {
	directory.Place
	Passes, Last bool
}

// order is what a list is ordered by.
type order struct {
	column, id string
	descending bool
	// unique tells that no two have the same, and that the index has no id.
	unique bool
}

func (o order) clause() string {
	if o.unique {
		return " ORDER BY " + o.column
	}
	if o.descending {
		return " ORDER BY " + o.column + " DESC, " + o.id + " DESC"
	}
	return " ORDER BY " + o.column + ", " + o.id
}

// walk is one window along an index: rows of id, place, whether they pass, and whether they are the last one, in no
// order. What decides is not among the conditions of the scan, so that no other index can be taken for it.
type walk struct {
	order
	from string
	// after is the value of the order and the id behind which it begins, none at the beginning.
	after []any
	size  int
	// met writes what the index is entered by, passes what each row is asked, settles what is asked of those who pass,
	// each beginning with AND.
	met, passes, settles func()
}

func (b *builder) window(w walk) {
	b.write("SELECT walked.id, walked.place, (walked.passes")
	w.settles()
	b.write(") AS passes, walked.nth = ", b.arg(w.size), " AS last FROM (SELECT ", w.id, " AS id, ", w.column,
		" AS place, row_number() OVER (", w.clause()[1:], ") AS nth, (true")
	w.passes()
	b.write(") AS passes FROM ", w.from, " WHERE true")
	w.met()
	b.behind(w.order, w.after)
	b.write(w.clause(), " LIMIT ", b.arg(w.size), ") AS walked WHERE walked.passes OR walked.nth = ", b.arg(w.size))
}

// behind writes that a list begins behind a place.
func (b *builder) behind(by order, after []any) {
	if len(after) == 0 {
		return
	}
	operator := " > "
	if by.descending {
		operator = " < "
	}
	b.write(" AND (", by.column, ", ", by.id, ")", operator, "(", b.arg(after[0]), ", ", b.arg(after[1]), ")")
}

// page is what is asked for of windows.
type page struct {
	after directory.Place
	limit int
	// weight is how many rows each one of the size of a window counts for.
	weight  int
	compare func(a, b directory.Place) int
}

// collect reads window after window, until the limit or the end is reached, or walkMax rows have been read.
func (p page) collect(
	read func(after directory.Place, size int) ([]Hit, error),
) (places []directory.Place, rest directory.Place, err error) {
	for after, size, left := p.after, p.limit+1, walkMax; ; {
		hits, err := read(after, size)
		if err != nil {
			return nil, directory.Place{}, err
		}
		known, horizon := p.settled(hits)
		if places = append(places, known...); len(places) > p.limit {
			return places[:p.limit], places[p.limit-1], nil
		}
		left -= size * p.weight
		size = min(size*growth, left/p.weight)
		if horizon.IsZero() || len(places) == p.limit || size <= p.limit {
			return places, horizon, nil
		}
		after = horizon
	}
}

// settled gives the places of those who pass, in order, up to where the first of the sources was cut off: beyond, it may
// have some that were not read. The horizon is zero where none was.
func (p page) settled(hits []Hit) (places []directory.Place, horizon directory.Place) {
	for _, hit := range hits {
		if hit.Last && (horizon.IsZero() || p.compare(hit.Place, horizon) < 0) {
			horizon = hit.Place
		}
	}
	for _, hit := range hits {
		if hit.Passes && (horizon.IsZero() || p.compare(hit.Place, horizon) <= 0) {
			places = append(places, hit.Place)
		}
	}
	slices.SortFunc(places, p.compare)
	return places, horizon
}
