package mfa

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// Store keeps factors. What it changes shows in account.Protection.SecondFactors; the caller saves the user in the
// same transaction, so that every replica hears of it.
type Store interface {
	// Add adds a pending or confirmed factor. core.ErrConflict when the user has MaxFactors, or a second one of
	// KindEmail; core.ErrNotFound when the user is gone.
	Add(ctx context.Context, factor Factor) error
	// List gives all factors of a user, pending ones included, oldest first (by CreatedAt, then ID).
	List(ctx context.Context, user core.ID) ([]Factor, error)
	// Confirm makes a factor of the user that has been pending since an instant after since a confirmed one, with step
	// used. Exactly one of many calls succeeds; the others get core.ErrNotFound.
	Confirm(ctx context.Context, user, id core.ID, step int64, since, now time.Time) error
	// Use notes that a code of the step was used where the confirmed factor's LastStep is lower. Exactly one of many
	// calls for one step succeeds; the others get core.ErrNotFound.
	Use(ctx context.Context, user, id core.ID, step int64, now time.Time) error
	// Remove removes a factor of the user. core.ErrNotFound when the user has no such factor.
	Remove(ctx context.Context, user, id core.ID) error
	// RemoveSince removes the user's factors that were created at or after the instant, and tells how many.
	RemoveSince(ctx context.Context, user core.ID, since time.Time) (int, error)
}

// RecoveryCodes keeps the digests of recovery codes.
type RecoveryCodes interface {
	// Replace puts the digests in the place of all earlier ones of the user. None removes them all.
	Replace(ctx context.Context, user core.ID, digests [][]byte, now time.Time) error
	// List gives the digests of the user's unused codes.
	List(ctx context.Context, user core.ID) ([][]byte, error)
	// Use removes one. Exactly one of many calls succeeds; the others get core.ErrNotFound.
	Use(ctx context.Context, user core.ID, digest []byte) error
}

// Painter draws a text as a QR code.
type Painter interface {
	// Paint gives the code as a PNG and as the text of an SVG. KindInvalid for a text that is too long.
	Paint(text string) (png []byte, svg string, err error)
}

// Roles tells what roles demand. access.Demands is one.
type Roles interface {
	// SecondFactor gives what tells since when a role of a user demands a second factor of them, zero where none does.
	// With a warm cache it asks neither the database nor a peer, and what it gives asks nobody. KindUnavailable.
	SecondFactor(ctx context.Context) (since func(user account.User) time.Time, err error)
}
