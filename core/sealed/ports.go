package sealed

import (
	"context"
	"time"

	"github.com/doorward/doorward/core/secret"
)

// Value is one sealed value in its row.
type Value struct {
	// Key is the row's key as text: an id, or the digest of a token in hex.
	Key string
	// Bound is the further column that the place binds its values to; empty where it names none.
	Bound  string
	Sealed []byte
}

// context is what the value was sealed for.
func (v Value) context(place secret.Place) string {
	if v.Bound == "" {
		return place.Of(v.Key)
	}
	return place.Of(v.Bound, v.Key)
}

// Store reads and replaces sealed values, whatever they hold.
type Store interface {
	// Stale gives up to limit values of the place that a key other than current has sealed, in the order of their keys,
	// behind the key after (empty: from the beginning).
	Stale(ctx context.Context, place secret.Place, current secret.Tag, after string, limit int) ([]Value, error)
	// Replace puts fresh in the place of value.Sealed, in one statement. core.ErrNotFound when the row is gone or
	// holds something else by now; it stays as it is.
	Replace(ctx context.Context, place secret.Place, value Value, fresh []byte) error
	// Tally counts the values of the place by the key that sealed them.
	Tally(ctx context.Context, place secret.Place) (map[secret.Tag]int64, error)
}

// Census counts what needs a master key and cannot be made anew without a secret that only its owner has.
type Census interface {
	// RecoveryCodes counts unused recovery codes by the key of their digests.
	RecoveryCodes(ctx context.Context) (map[secret.Tag]int64, error)
	// Passwords counts accounts by the key that their password hash is keyed with; those without are left out.
	Passwords(ctx context.Context) (map[secret.Tag]int64, error)
	// Codes counts short codes that are good at now, and tells when the last of them expires (zero: there is none).
	Codes(ctx context.Context, now time.Time) (count int64, last time.Time, err error)
}
