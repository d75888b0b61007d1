package token

import (
	"context"
	"time"
)

// Algorithm is a signature algorithm of RFC 7518 §3.1 or RFC 8037.
type Algorithm string

// The algorithms that keys are made for.
const (
	ES256 Algorithm = "ES256"
	EdDSA Algorithm = "EdDSA"
	RS256 Algorithm = "RS256"
)

// KeyRecord is a signing key as it is stored: the private half sealed, the public half in PKIX DER.
type KeyRecord struct {
	ID        string // kid
	Algorithm Algorithm
	Public    []byte
	Sealed    []byte
	CreatedAt time.Time
	// ActiveFrom is when the key begins to sign; it is published before, so that caches of the key set
	// know it in time.
	ActiveFrom time.Time
	// RetireAt is when the key leaves the key set: its last token is dead. Zero while it signs or waits.
	RetireAt time.Time
}

// KeyStore keeps the signing keys, shared by all replicas.
type KeyStore interface {
	// Keys lists all keys, oldest first.
	Keys(ctx context.Context) ([]KeyRecord, error)
	// AddKey adds a key. When first is set it is added only if there is none at all: exactly one of many
	// replicas that start at once succeeds, the others get core.ErrConflict, as does one
	// whose id exists.
	AddKey(ctx context.Context, key KeyRecord, first bool) error
	// RetireKeys sets RetireAt, where it is zero, on every key but the one named.
	RetireKeys(ctx context.Context, except string, at time.Time) error
}

// Signer makes and checks the signature of access tokens. Keys come from a ring in memory: it waits for
// nothing.
type Signer interface {
	// Sign makes a compact JWT of type at+jwt with the key that is active.
	Sign(claims Claims) (string, error)
	// Verify gives the claims of a genuine token of this issuer and audience that is neither expired
	// nor from the future. ErrInvalid, ErrExpired.
	Verify(raw string) (Claims, error)
	// KeySet is the JWK set (RFC 7517) of the public keys, as JSON.
	KeySet() []byte
}
