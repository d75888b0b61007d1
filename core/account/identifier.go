package account

import "strings"

// IdentifierKind tells emails and usernames apart.
type IdentifierKind uint8

// The kinds of identifier.
const (
	IdentifierEmail IdentifierKind = iota
	IdentifierUsername
)

// Identifier is what a person types to say who they are, in its unique form.
type Identifier struct {
	Kind IdentifierKind
	Key  string
}

// ParseIdentifier reads what a person typed: an email when it holds an "@", else a username. It reports
// false, and never why, for what can name no account: those who sign people in treat that like an unknown
// one, so that nothing is learnt from the difference.
func ParseIdentifier(text string) (Identifier, bool) {
	if strings.Contains(text, "@") {
		_, key, err := NormalizeEmail(text)
		return Identifier{Kind: IdentifierEmail, Key: key}, err == nil
	}
	_, key, err := NormalizeUsername(strings.Trim(text, " "))
	return Identifier{Kind: IdentifierUsername, Key: key}, err == nil
}

// identifierMax is the length in bytes beyond which a text can name no account: an address of 254 octets,
// with room for the characters that normalisation drops.
const identifierMax = 4 * emailMax

// ClipIdentifier cuts a text that is too long to name an account, so that it is not kept whole. What is
// cut still names nobody.
func ClipIdentifier(text string) string { return text[:min(len(text), identifierMax+1)] }
