package verification

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// Intakes keeps requests until a worker has resolved them.
type Intakes interface {
	// Put adds an intake with one statement.
	Put(ctx context.Context, intake Intake) error
	// Claim hands out up to limit due intakes, oldest first, counts the attempt, and hides them from
	// other claimers until now+lease. Two claimers never get the same one within its lease.
	Claim(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Intake, error)
	// Done removes a resolved intake. Inside a transaction it commits with what was resolved. Removing
	// one that is gone is ErrNotFound, so that a second worker's resolution rolls back.
	Done(ctx context.Context, id core.ID) error
}

// Flows keeps code flows.
type Flows interface {
	// Start adds a flow. When one with the same id exists its digest, expiry and detail are replaced, it
	// counts as started at the new CreatedAt, and its tries, purpose, subject and owner are kept; a used
	// or killed one stays so. Of the subject's live flows of that purpose all but the MaxLive newest
	// expire. core.ErrNotFound when the registration or user that it names is gone.
	Start(ctx context.Context, flow Flow) error
	// Find gives a flow by id, also when it is expired or out of tries. ErrNotFound when it is unknown,
	// used or killed.
	Find(ctx context.Context, id core.ID) (Flow, error)
	// Try reserves, in one atomic step of its own, one try of a live flow of that purpose and one of its
	// subject's Purpose.Failures, and gives the flow. ErrNotFound when the flow is unknown, of another purpose,
	// used, killed, expired, or out of tries, or its subject is out of failures. At most MaxTries calls
	// ever succeed for one flow, however many run at once. The reservation must survive what fails after
	// it, and must not wait for a second connection, so Try is refused (KindInternal) inside a transaction.
	Try(ctx context.Context, id core.ID, purpose Purpose, now time.Time) (Flow, error)
	// Use marks a live flow used and forgets its subject's failures. Exactly one of many calls succeeds;
	// the others get ErrNotFound.
	Use(ctx context.Context, id core.ID, now time.Time) error
	// Forgive forgets the failures of a subject, which is a user's id. None is no error.
	Forgive(ctx context.Context, subject string) error
	// KillUser kills every flow of the user with one of the purposes, for good.
	KillUser(ctx context.Context, user core.ID, purposes ...Purpose) error
}

// Links keeps the digests of link tokens.
type Links interface {
	// Put adds a link. core.ErrNotFound when the registration or user that it names is gone.
	Put(ctx context.Context, link Link) error
	// Find gives a live, unused link of that purpose without using it. ErrNotFound otherwise.
	Find(ctx context.Context, digest secret.TokenDigest, purpose Purpose, now time.Time) (Link, error)
	// Use takes a live link of that purpose: exactly one of many calls gets it, the others ErrNotFound.
	Use(ctx context.Context, digest secret.TokenDigest, purpose Purpose, now time.Time) (Link, error)
	// KillUser kills every link of the user with one of the purposes.
	KillUser(ctx context.Context, user core.ID, purposes ...Purpose) error
	// KillSince kills the user's links of that purpose that were made at or after the instant. Older ones
	// stay: who takes an act back takes the later ones back too, never the earlier.
	KillSince(ctx context.Context, user core.ID, purpose Purpose, since time.Time) error
}

// Handler resolves one kind of intake.
type Handler interface {
	// Resolve turns the intake into a flow and a message, in a transaction of its own that ends with
	// Intakes.Done. It may run more than once for one intake. An error leaves the intake for a later try.
	Resolve(ctx context.Context, intake Intake) error
}
