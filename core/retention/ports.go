// Package retention removes what nobody needs any more: expired sessions, codes, links, pending
// registrations, accounts past their grace, mail that was sent. It works in small batches under a lock.
package retention

import (
	"context"
	"time"
)

// Kind is one sort of thing that expires.
type Kind string

// The kinds, in the order in which they are swept.
const (
	KindSessions      Kind = "sessions"      // ended or expired before the cutoff
	KindFlows         Kind = "codes"         // used or expired
	KindLinks         Kind = "links"         // used or expired
	KindIntakes       Kind = "intakes"       // never resolved
	KindRegistrations Kind = "registrations" // never proven
	KindAccounts      Kind = "accounts"      // deleted, past PurgeAt
	KindMail          Kind = "mail"          // sent, or failed for good
	KindMailbox       Kind = "mailbox"       // caught by the development mailbox
	KindJournal       Kind = "journal"       // changes that were announced
	KindSigningKeys   Kind = "signing_keys"  // retired, their last token dead
	KindAudit         Kind = "audit"         // events past their KeepUntil
	KindTries         Kind = "tries"         // counts of failed tries that have rested
	KindDevices       Kind = "devices"       // not seen for so long that they are known no more
	KindFactors       Kind = "factors"       // second factors that were never confirmed
	KindTokens        Kind = "tokens"        // personal access tokens that have expired
	KindServiceKeys   Kind = "service_keys"  // keys of service accounts that have expired
	KindIdempotency   Kind = "idempotency"   // keys of calls that nobody repeats any more
)

// Store counts and removes what expired before an instant.
type Store interface {
	// Count tells how many of the kind expired before cutoff.
	Count(ctx context.Context, kind Kind, cutoff time.Time) (int64, error)
	// Sweep removes up to limit of the kind that expired before cutoff, in one short transaction that
	// waits for no row that somebody else holds, and returns how many.
	Sweep(ctx context.Context, kind Kind, cutoff time.Time, limit int) (int64, error)
}

// Lock makes sure that one sweep runs at a time, over all replicas.
type Lock interface {
	// TryLock takes the named lock or reports that somebody else has it, without waiting. release gives
	// it back; a process that dies gives it back too.
	TryLock(ctx context.Context, name string) (release func(), held bool, err error)
}
