package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
)

// tokenBytes is the entropy of a token: 256 bits, above the 128 that OWASP ASVS 5.0 11.5.1 asks for.
const tokenBytes = 32

// TokenDigest is what is stored of a token. SHA-256 without a key or salt suffices because the token is
// random and long (OWASP ASVS 5.0 6.5.2).
type TokenDigest [sha256.Size]byte

// NewToken makes a random token for a link, 43 characters of base64url, and the digest to store.
func NewToken() (token string, digest TokenDigest) {
	token = base64.RawURLEncoding.EncodeToString(Random(tokenBytes))
	return token, DigestToken(token)
}

// DigestToken is the digest of a token as a client presents it. Any text has one; that of a malformed
// token is found nowhere.
func DigestToken(token string) TokenDigest { return sha256.Sum256([]byte(token)) }

// NewCode makes a code of six random digits (19.9 bits; NIST SP 800-63B-4 asks for six digits of an
// out-of-band secret).
func NewCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return fmt.Sprintf("%06d", n.Int64())
}
