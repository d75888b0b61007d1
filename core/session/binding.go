package session

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// bindingPurpose separates these digests from all others of the ring.
const bindingPurpose = "csrf"

// Bindings tie what a page holds to its session: the token that a page sends along with everything that
// changes something, so that no other site can have it sent (OWASP ASVS 5.0 3.5.1; the signed double-submit
// cookie of OWASP's cross-site request forgery cheat sheet). It is an HMAC-SHA-256 over the id of the session
// and so is not stored, and a token of one session is good in no other. Safe for concurrent use.
type Bindings struct {
	ring       *secret.Ring
	references *References
}

// NewBindings makes them of the ring that keys the tokens and of what reads refresh tokens.
func NewBindings(ring *secret.Ring, references *References) *Bindings {
	return &Bindings{ring: ring, references: references}
}

// Bind gives the token of a session: 43 characters of base64url, the same every time while the current master
// key is.
func (b *Bindings) Bind(id core.ID) string {
	return base64.RawURLEncoding.EncodeToString(b.ring.Digest(bindingPurpose, id.String()))
}

// Bound reports whether the token is that of the session under any key of the ring. How long it takes tells
// nothing of a wrong one.
func (b *Bindings) Bound(token string, id core.ID) bool {
	digest, err := base64.RawURLEncoding.Strict().DecodeString(token)
	whole := len(token) == base64.RawURLEncoding.EncodedLen(sha256.Size) // the decoder skips line breaks
	return err == nil && whole && b.ring.Matches(digest, bindingPurpose, id.String())
}

// SessionOf gives the session that a refresh token names. It uses nothing up and asks nobody, so it says
// nothing of whether that session lives. ErrReference when the token is not genuine.
func (b *Bindings) SessionOf(refreshToken string) (core.ID, error) {
	place, err := b.references.Read(refreshToken)
	return place.SessionID, err
}
