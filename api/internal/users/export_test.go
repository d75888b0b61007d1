package users

import "github.com/doorward/doorward/core/directory"

// Bound is what a cursor is bound to.
type Bound = list

// Write writes a place as a cursor; empty for the end.
func Write(bound Bound, place directory.Place) string {
	text, _ := bound.cursor(place).Get()
	return text
}

// Read reads a cursor.
func Read(bound Bound, text string) (directory.Place, error) { return bound.place(text) }
