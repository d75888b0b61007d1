package core

import "time"

// Clock tells the time. The domain asks no other; tests move theirs.
type Clock interface {
	// Now is the current instant in UTC. Successive calls may go backwards when the machine's clock is
	// set; callers that need order take it from the database.
	Now() time.Time
}

// ClockFunc makes a Clock of a function.
type ClockFunc func() time.Time

// Now calls f and cuts the result to UTC microseconds, the finest that every database keeps, so that
// a time read back equals the time written.
func (f ClockFunc) Now() time.Time { return f().UTC().Truncate(time.Microsecond) }
