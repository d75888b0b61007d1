// Package apitoken is what programs show instead of a sign-in: the personal access tokens of people, and the keys of
// service accounts, which are nobody's. Each is a random text that is shown once and of which only a digest is kept;
// neither can do more than its scopes, and a personal token never more than its owner can at that moment.
package apitoken

import (
	"encoding/base64"
	"strings"

	"github.com/doorward/doorward/core/secret"
)

// Form is which of the two a text is. Its value is how the text begins, so that a scanner of source code or logs can
// tell a leaked one, and of which kind it is.
type Form string

// The forms.
const (
	// FormPersonal begins the tokens of people.
	FormPersonal Form = "dwp_"
	// FormService begins the keys of service accounts.
	FormService Form = "dws_"
)

// The shape of a text: the form, and 256 random bits as base64url (RFC 4648 §5) without padding.
const (
	formLength   = 4
	secretLength = 43
	// HintLength is how many of the last letters of a text are kept, for people to tell theirs apart by. What is
	// left unknown is 232 bits.
	HintLength = 4
)

// Secret is a text that has just been made. It is told once, and never prints itself.
type Secret struct{ text string }

// newSecret makes a text of the form, with the digest to keep and its hint.
func newSecret(form Form) (made Secret, digest secret.TokenDigest, hint string) {
	random, _ := secret.NewToken()
	text := string(form) + random
	return Secret{text}, secret.DigestToken(text), text[len(text)-HintLength:]
}

// Reveal gives the text, for the one reply that tells it.
func (s Secret) Reveal() string { return s.text }

// String hides the text.
func (Secret) String() string { return "[redacted]" }

// GoString hides the text from %#v.
func (Secret) GoString() string { return "[redacted]" }

// MarshalText hides the text from every encoder.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// FormOf tells which form a presented text claims by how it begins; false for one that is no text of this package.
func FormOf(text string) (Form, bool) {
	for _, form := range [...]Form{FormPersonal, FormService} {
		if strings.HasPrefix(text, string(form)) {
			return form, true
		}
	}
	return "", false
}

var strict = base64.RawURLEncoding.Strict()

// wellFormed reports whether a text could have been made here: one that could not is refused without asking the
// database. There is one spelling of each.
func wellFormed(text string) bool {
	if len(text) != formLength+secretLength || strings.ContainsAny(text, "\r\n") {
		return false
	}
	_, err := strict.DecodeString(text[formLength:])
	return err == nil
}
