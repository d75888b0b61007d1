package core

import "time"

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

// Position is a place in a list ordered by time and then id, both descending.
type Position struct {
	At time.Time
	ID ID
}

// IsZero reports whether p is the beginning of the list.
func (p Position) IsZero() bool { return p.At.IsZero() && p.ID.IsZero() }
