package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/doorward/doorward/core/secret"
)

// rsaBits is the modulus of new RSA keys: 128 bits of strength (NIST SP 800-57 part 1, OWASP ASVS 5.0
// 11.2.3).
const rsaBits = 3072

// Key is a signing key in memory. Private is nil when it does not open with the master keys at hand: such
// a key checks signatures and makes none.
type Key struct {
	ID        string
	Algorithm Algorithm
	Public    crypto.PublicKey
	Private   crypto.Signer
	CreatedAt time.Time
	// ActiveFrom is when the key begins to sign, RetireAt when it leaves the key set (zero: not decided).
	ActiveFrom time.Time
	RetireAt   time.Time
}

// Published reports whether the key stands in the key set at now.
func (k Key) Published(now time.Time) bool { return k.RetireAt.IsZero() || now.Before(k.RetireAt) }

// signs reports whether the key may sign, at now, a token that lives for ttl: the key has to outlive it.
func (k Key) signs(now time.Time, ttl time.Duration) bool {
	return k.Private != nil && k.Published(now.Add(ttl)) && !now.Before(k.ActiveFrom)
}

// ParseAlgorithm reads the name of an algorithm that keys are made for.
func ParseAlgorithm(name string) (Algorithm, error) {
	switch algorithm := Algorithm(name); algorithm {
	case ES256, EdDSA, RS256:
		return algorithm, nil
	default:
		return "", fmt.Errorf("token: %q is none of ES256, EdDSA and RS256", name)
	}
}

// generate makes a private key: P-256, Ed25519 or RSA.
func generate(algorithm Algorithm) (crypto.Signer, error) {
	switch algorithm {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case RS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	default:
		return nil, fmt.Errorf("token: no keys are made for %q", algorithm)
	}
}

// sealContext binds a sealed private half to its key.
func sealContext(kid string) string { return secret.PlaceSigningKeys.Of(kid) }

// newRecord makes a key ready to be stored.
func newRecord(master *secret.Ring, kid string, algorithm Algorithm, created, active time.Time) (KeyRecord, error) {
	private, err := generate(algorithm)
	if err != nil {
		return KeyRecord{}, err
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return KeyRecord{}, fmt.Errorf("token: encode public key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return KeyRecord{}, fmt.Errorf("token: encode private key: %w", err)
	}
	defer clear(der)
	return KeyRecord{
		ID: kid, Algorithm: algorithm, Public: public, Sealed: master.Seal(sealContext(kid), der),
		CreatedAt: created, ActiveFrom: active,
	}, nil
}

// open brings a stored key into memory. The error says that the public half is unusable; a private half
// that does not open, or does not belong to the public one, is left out instead.
func (r KeyRecord) open(master *secret.Ring) (Key, error) {
	public, err := x509.ParsePKIXPublicKey(r.Public)
	if err != nil {
		return Key{}, fmt.Errorf("token: public key %s: %w", r.ID, err)
	}
	if !r.Algorithm.fits(public) {
		return Key{}, fmt.Errorf("token: key %s is not made for %s", r.ID, r.Algorithm)
	}
	key := Key{
		ID: r.ID, Algorithm: r.Algorithm, Public: public,
		CreatedAt: r.CreatedAt, ActiveFrom: r.ActiveFrom, RetireAt: r.RetireAt,
	}
	if private, ok := r.openPrivate(master); ok && samePublic(private.Public(), public) {
		key.Private = private
	}
	return key, nil
}

func (r KeyRecord) openPrivate(master *secret.Ring) (crypto.Signer, bool) {
	der, err := master.Open(sealContext(r.ID), r.Sealed)
	if err != nil {
		return nil, false
	}
	defer clear(der)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, false
	}
	signer, ok := parsed.(crypto.Signer)
	return signer, ok
}

// fits reports whether the public key is of the type and strength that the algorithm asks for.
func (a Algorithm) fits(public crypto.PublicKey) bool {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return a == ES256 && key.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return a == EdDSA
	case *rsa.PublicKey:
		return a == RS256 && key.N.BitLen() >= 2048 // RFC 7518 §3.3
	default:
		return false
	}
}

func samePublic(a, b crypto.PublicKey) bool {
	equaler, ok := a.(interface {
		Equal(other crypto.PublicKey) bool
	})
	return ok && equaler.Equal(b)
}
