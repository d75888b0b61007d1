package core

import (
	"cmp"
	"time"
)

// The bounds of a list's page.
const (
	PageLimitDefault = 50
	PageLimitMax     = 200
)

// Page asks for a part of a list, newest first. After is the position behind which it begins; its zero
// value begins at the newest.
type Page struct {
	Limit int
	After Position
}

// Size is how many items the page has at the most: PageLimitDefault where Limit says nothing, PageLimitMax where it says
// more, 1 where it is negative.
func (p Page) Size() int {
	return max(1, min(cmp.Or(p.Limit, PageLimitDefault), PageLimitMax))
}

// ReadPage gives a page of a list and where the next one begins; that is zero on the last one. It asks read for one item
// more than the page has, and at where an item stands. The errors of read.
func ReadPage[T any](page Page, read func(Page) ([]T, error), at func(T) Position) (items []T, next Position, err error) {
	size := page.Size()
	items, err = read(Page{Limit: size + 1, After: page.After})
	if err != nil || len(items) <= size {
		return items, Position{}, err
	}
	return items[:size], at(items[size-1]), nil
}

// Position is a place in a list ordered by time and then id, both descending.
type Position struct {
	At time.Time
	ID ID
}

// IsZero reports whether p is the beginning of the list.
func (p Position) IsZero() bool { return p.At.IsZero() && p.ID.IsZero() }
