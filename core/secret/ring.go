// Package secret protects what is stored: it seals values with AES-256-GCM, makes keyed digests of short
// codes, digests long random tokens, and derives keys per purpose, all from one ring of master keys.
//
// Use Ring.Seal for what must be read back (mail contents, signing keys), Ring.Digest for secrets of
// fewer than 128 bits (six-digit codes), and Token for secrets that are random and long enough to need
// no key (links).
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// KeySize is the length of a master key in bytes (AES-256).
const KeySize = 32

// tagSize is the width of the key tag that leads every sealed value and every derived token.
const tagSize = 4

// Tag names a key of the ring in stored values, without telling its id: the first four bytes of the
// SHA-256 of the id.
type Tag [tagSize]byte

// idMax is the length of the longest id of a master key.
const idMax = 32

type key struct {
	id     string
	tag    Tag
	master []byte
	digest []byte
	aead   cipher.AEAD
}

// Ring is an ordered set of master keys. The first seals; all of them open. To rotate, put a new key first
// and keep the old ones until nothing that they sealed is left. Safe for concurrent use.
//
// No master key is used itself: each purpose has a key derived from it by HKDF-SHA-256 (RFC 5869), so that
// nothing made for one purpose is good for another.
type Ring struct{ keys []key }

// ErrOpen is returned for a value that no key of the ring opens: altered, cut, sealed for another
// context, or sealed with a key that has been taken away.
var ErrOpen = errors.New("secret: the value does not open with any key of the ring")

// ParseRing reads a ring written as "id:base64,id:base64": canonical standard base64 of 32 bytes each, the
// current key first, ids unique and made of up to 32 letters, digits, dots, hyphens and underscores. The
// error tells which key is wrong by its place and never repeats what was written.
func ParseRing(text string) (*Ring, error) {
	ring := &Ring{}
	for part := range strings.SplitSeq(text, ",") {
		place := len(ring.keys) + 1
		id, encoded, found := strings.Cut(strings.TrimSpace(part), ":")
		if !found || !validID(id) {
			return nil, fmt.Errorf("secret: master key %d is not written id:base64", place)
		}
		master, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if err != nil || len(master) != KeySize {
			return nil, fmt.Errorf("secret: master key %d is not the base64 of %d bytes", place, KeySize)
		}
		if err := ring.add(id, master); err != nil {
			return nil, err
		}
	}
	return ring, nil
}

func validID(id string) bool {
	foreign := func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	}
	return id != "" && len(id) <= idMax && !strings.ContainsFunc(id, foreign)
}

// GenerateKey makes a random master key in the form that ParseRing reads.
func GenerateKey(id string) string {
	return id + ":" + base64.StdEncoding.EncodeToString(Random(KeySize))
}

func (r *Ring) add(id string, master []byte) error {
	sum := sha256.Sum256([]byte(id))
	entry := key{id: id, tag: Tag(sum[:tagSize]), master: master}
	if _, err := r.byTag(entry.tag); err == nil {
		return fmt.Errorf("secret: the id of master key %d stands twice in the ring", len(r.keys)+1)
	}
	entry.digest = entry.derive("digest", sha256.Size)
	block, err := aes.NewCipher(entry.derive("seal", KeySize))
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if entry.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	r.keys = append(r.keys, entry)
	return nil
}

func (k key) derive(purpose string, size int) []byte {
	derived, err := hkdf.Key(sha256.New, k.master, nil, "doorward/"+purpose, size)
	if err != nil {
		panic(err) // only a size beyond 255 hashes fails
	}
	return derived
}

func (r *Ring) byTag(tag Tag) (key, error) {
	for _, entry := range r.keys {
		if entry.tag == tag {
			return entry, nil
		}
	}
	return key{}, ErrOpen
}

// TagOf is the tag that leads a sealed value or a tagged digest; the zero tag of anything shorter.
func TagOf(value []byte) Tag {
	if len(value) < tagSize {
		return Tag{}
	}
	return Tag(value[:tagSize])
}

// KeyName is a key of the ring as its operator and as stored values name it.
type KeyName struct {
	ID  string
	Tag Tag
}

// Keys names the keys of the ring, the current one first.
func (r *Ring) Keys() []KeyName {
	names := make([]KeyName, 0, len(r.keys))
	for _, entry := range r.keys {
		names = append(names, KeyName{ID: entry.id, Tag: entry.tag})
	}
	return names
}

// Seal encrypts plaintext with the current key by AES-256-GCM with a random nonce: the key's tag, nonce,
// ciphertext and authentication tag, 32 bytes more than the plaintext. context binds the value to its
// place (for example "outbox/" and the row's id): it must be given again to open. One key seals 2^32 values
// at the most (NIST SP 800-38D §8.3), then the ring is rotated.
func (r *Ring) Seal(context string, plaintext []byte) []byte {
	current := r.keys[0]
	//nolint:gosec // no nonce is given because the AEAD makes a random one itself
	return current.aead.Seal(current.tag[:], nil, plaintext, []byte(context))
}

// Open decrypts what Seal made for the same context. The only error is ErrOpen.
func (r *Ring) Open(context string, sealed []byte) ([]byte, error) {
	if len(sealed) < tagSize {
		return nil, ErrOpen
	}
	entry, err := r.byTag(TagOf(sealed))
	if err != nil {
		return nil, err
	}
	plaintext, err := entry.aead.Open(nil, nil, sealed[tagSize:], []byte(context))
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// Digest is the HMAC-SHA-256 of a short secret under the current key, bound to a context that names
// purpose and owner and holds no NUL.
func (r *Ring) Digest(context, short string) []byte { return r.keys[0].sum(context, short) }

// TaggedDigest is Digest led by the tag of its key, 36 bytes, for digests that are kept for long: which key they
// need can be told, though they cannot be made anew without the secret.
func (r *Ring) TaggedDigest(context, short string) []byte {
	current := r.keys[0]
	return append(current.tag[:], current.sum(context, short)...)
}

// Matches reports, in constant time per key, whether digest, of either kind, is that of short in this context under
// any key of the ring.
func (r *Ring) Matches(digest []byte, context, short string) bool {
	if len(digest) == tagSize+sha256.Size {
		entry, err := r.byTag(TagOf(digest))
		return err == nil && hmac.Equal(digest[tagSize:], entry.sum(context, short))
	}
	found := false
	for _, entry := range r.keys {
		if hmac.Equal(digest, entry.sum(context, short)) {
			found = true
		}
	}
	return found
}

func (k key) sum(context, short string) []byte {
	mac := hmac.New(sha256.New, k.digest)
	mac.Write([]byte(context))
	mac.Write([]byte{0}) // contexts hold no NUL, so that the two cannot be shifted against each other
	mac.Write([]byte(short))
	return mac.Sum(nil)
}

// Derived is a key made from one master key for one purpose. It never prints itself.
type Derived struct {
	Tag Tag
	Key []byte
}

// Derive makes one 32-byte key for purpose from every key of the ring by HKDF-SHA-256 (RFC 5869), the
// current one first.
func (r *Ring) Derive(purpose string) []Derived {
	derived := make([]Derived, 0, len(r.keys))
	for _, entry := range r.keys {
		derived = append(derived, Derived{Tag: entry.tag, Key: entry.derive("derived/"+purpose, KeySize)})
	}
	return derived
}

// Random gives n bytes from the operating system's generator.
func Random(n int) []byte {
	bytes := make([]byte, n)
	_, _ = rand.Read(bytes) // never fails: crypto/rand ends the program instead
	return bytes
}
