package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"math"
	"sync"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// A refresh token is the prefix and, in base64url without padding (RFC 4648 §5), these fields of fixed
// width: key tag, session, generation, branch, nonce, and the whole HMAC-SHA-256 over prefix and fields.
// 84 bytes fill 112 characters without a spare bit, so that every token has one spelling.
const (
	referencePrefix = "dwr1_"
	macOffset       = 4 + 16 + 8 + 8 + 16
	referenceBytes  = macOffset + sha256.Size
	// ReferenceLength is the length of every refresh token in bytes of ASCII.
	ReferenceLength = len(referencePrefix) + referenceBytes/3*4
)

// ErrReference is the one answer to a refresh token that is malformed, altered, of another issuer, or made
// with a key that has left the ring.
var ErrReference = core.NewError(core.KindUnauthenticated, core.CodeInvalidToken, "The refresh token is not valid.")

// References makes and reads refresh tokens. They are not stored: each names a place in a session's chain
// and authenticates itself. Safe for concurrent use.
type References struct {
	keys []referenceKey
}

// referenceKey keeps the HMACs of a key from one use to the next: keying one takes as long as the rest.
type referenceKey struct {
	tag  secret.Tag
	macs *sync.Pool
}

// NewReferences derives one key per master key of the ring for refresh tokens of this issuer, so that
// neither another purpose's nor another deployment's tokens are good here (OWASP ASVS 5.0 9.2.2, 9.2.4).
func NewReferences(ring *secret.Ring, issuer string) *References {
	references := &References{}
	for _, derived := range ring.Derive("refresh-token/" + issuer) {
		macs := &sync.Pool{New: func() any { return hmac.New(sha256.New, derived.Key) }}
		references.keys = append(references.keys, referenceKey{tag: derived.Tag, macs: macs})
	}
	return references
}

// Mint makes the token for a place in a chain, with the current key. Equal places give equal tokens: a
// repeated refresh is answered with the very token that the lost reply held.
func (r *References) Mint(place Presented) string {
	current := r.keys[0]
	raw := make([]byte, 0, referenceBytes)
	raw = append(raw, current.tag[:]...)
	raw = append(raw, place.SessionID[:]...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(place.Generation)) //nolint:gosec // never negative
	raw = binary.BigEndian.AppendUint64(raw, uint64(place.Branch))     //nolint:gosec // never negative
	raw = append(raw, place.Nonce[:]...)
	raw = current.authenticate(raw, raw)
	return referencePrefix + base64.RawURLEncoding.EncodeToString(raw)
}

// Read gives the place that a genuine token names. The only error is ErrReference; it tells nothing of what
// was wrong. Whether the place is still good is for the chain to say.
func (r *References) Read(token string) (Presented, error) {
	if len(token) != ReferenceLength || token[:len(referencePrefix)] != referencePrefix {
		return Presented{}, ErrReference
	}
	raw, err := base64.RawURLEncoding.DecodeString(token[len(referencePrefix):])
	if err != nil || len(raw) != referenceBytes { // line breaks, which the decoder skips, leave it short
		return Presented{}, ErrReference
	}
	key, known := r.key(secret.Tag(raw[:4]))
	if !known || !hmac.Equal(raw[macOffset:], key.authenticate(nil, raw[:macOffset])) {
		return Presented{}, ErrReference
	}
	generation, branch := binary.BigEndian.Uint64(raw[20:28]), binary.BigEndian.Uint64(raw[28:36])
	if generation > math.MaxInt64 || branch > math.MaxInt64 {
		return Presented{}, ErrReference
	}
	return Presented{
		SessionID:  core.ID(raw[4:20]),
		Generation: int64(generation),
		Branch:     int64(branch),
		Nonce:      Nonce(raw[36:macOffset]),
	}, nil
}

func (r *References) key(tag secret.Tag) (key referenceKey, known bool) {
	for _, candidate := range r.keys {
		if candidate.tag == tag {
			return candidate, true
		}
	}
	return referenceKey{}, false
}

// authenticate appends the HMAC-SHA-256 of prefix and fields to to.
func (k referenceKey) authenticate(to, fields []byte) []byte {
	mac, _ := k.macs.Get().(hash.Hash) // the pool holds nothing else
	defer k.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(referencePrefix))
	mac.Write(fields)
	return mac.Sum(to)
}
