package core

import "context"

// Subject is the kind of thing whose cached copies a change makes stale.
type Subject string

// The subjects that replicas keep cached copies of.
const (
	SubjectSession Subject = "session"
	SubjectUser    Subject = "user"
	// SubjectAccess is the catalogue of roles, groups and permissions, of which there is one: its ID is zero.
	SubjectAccess Subject = "access"
)

// Change says that a session, a user or the catalogue of access has reached revision Rev: every copy with a lower one is stale.
// The store that bumps a revision writes a Change to its journal in the same transaction.
type Change struct {
	Subject Subject
	ID      ID
	Rev     int64
}

// Announcer tells every replica of changes that are committed.
type Announcer interface {
	// Announce makes the changes known before it returns where it can, waits no longer than 50 ms, and
	// returns no error: what it could not deliver stays in the journal and is delivered from there within
	// a second. Call it after the transaction has committed and before the caller is answered.
	Announce(ctx context.Context, changes ...Change)
}
