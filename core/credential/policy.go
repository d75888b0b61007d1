package credential

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/doorward/doorward/core"
)

// The bounds of a password.
const (
	// PasswordMin is the least length in code points: what NIST SP 800-63B-4 §3.1.1.2 asks of a password
	// that is used with a second factor, and OWASP ASVS 5.0 6.2.1 of any. Where the password stands alone
	// NIST asks for PasswordRecommended; a deployment sets that, or accepts the deviation.
	PasswordMin = 8
	// PasswordRecommended is the least length in code points of a password that stands alone.
	PasswordRecommended = 15
	// PasswordMax is the greatest length in code points; NIST wants at least 64 accepted.
	PasswordMax = 128
	// PasswordBytesMax is the greatest length that is looked at at all: twice what PasswordMax code points
	// need, for texts that normalisation shortens.
	PasswordBytesMax = 2 * utf8.UTFMax * PasswordMax
)

// contextWordMin is the least length in code points of a context word. Shorter ones stand in too many
// other words.
const contextWordMin = 4

// NormalizePassword gives the form of a password that is hashed and compared: NFKC (Unicode 15, of the two
// forms that NIST SP 800-63B-4 §3.1.1.2 names the one that leaves composed letters composed), so that the
// same password typed on two machines is one. Nothing else is done to it: case, spaces at either end,
// control characters and NUL all count, and nothing is cut off. That is not the OpaqueString profile of
// RFC 8265, which refuses control characters and keeps compatibility characters apart.
//
// It reports false, cheaply, for a text of more than PasswordBytesMax bytes and for one that is not UTF-8.
// No account has such a password: who signs in with one is compared with the decoy, as if the account
// were unknown.
func NormalizePassword(text string) (string, bool) {
	if len(text) > PasswordBytesMax || !utf8.ValidString(text) {
		return "", false
	}
	return norm.NFKC.String(text), true
}

// PolicyConfig is what a deployment asks of passwords.
type PolicyConfig struct {
	// MinLength is in code points; PasswordMin when zero.
	MinLength int
	// ContextWords are what everybody may guess: the name of the product, the host of the site.
	ContextWords []string
}

// Policy decides which new passwords are accepted, by the rules of NIST SP 800-63B-4 §3.1.1.2: a least and
// a greatest length, no composition rules, a blocklist of common passwords and of words of the context.
type Policy struct {
	blocklist Blocklist
	minLength int
	words     []string
}

// NewPolicy makes a policy.
func NewPolicy(blocklist Blocklist, config PolicyConfig) *Policy {
	return &Policy{
		blocklist: blocklist, minLength: cmp.Or(config.MinLength, PasswordMin),
		words: contextWords(config.ContextWords, contextWordMin),
	}
}

// Check refuses a new password that breaks a rule, the first of: too short, too long, made of context, common.
// known is what is known of the person: email, username, name. The error is of KindInvalid for the field
// "password"; another one is the blocklist's, which is asked last and only about a password that keeps all other
// rules. Call it outside a transaction.
//
// Each text of the context counts as a whole, as a whole without its separators, and in its parts (the
// labels of a domain, the words of a name), case ignored, where that is of four code points or more.
// What is left of a password once all these words are taken out must be a password by itself: of
// PasswordRecommended code points, or as many as the policy asks for where that is more. So neither
// "doorward2026!" nor "ann.lee@example.com" is accepted, while a long passphrase may mention a name.
func (p *Policy) Check(ctx context.Context, password string, known ...string) error {
	normal, err := p.checkText(password, known)
	if err != nil {
		return err
	}
	common, err := p.blocklist.Contains(ctx, normal)
	if err != nil {
		return fmt.Errorf("ask the blocklist: %w", err)
	}
	if common {
		return passwordError(core.CodePasswordCommon,
			"This is one of the passwords that have leaked or are tried first. Several unrelated words in a row make a good one.")
	}
	return nil
}

// checkText applies the rules that need nothing but the texts, and gives the normal form of the password.
func (p *Policy) checkText(password string, known []string) (string, error) {
	normal, ok := NormalizePassword(password)
	length := utf8.RuneCountInString(normal)
	switch {
	case !ok && len(password) <= PasswordBytesMax:
		return "", passwordError(core.CodeInvalidFormat, "This is not a text.")
	case !ok || length > PasswordMax:
		return "", passwordError(core.CodeTooLong, "The password is too long: at most 128 characters are accepted.")
	case length < p.minLength:
		return "", passwordError(core.CodeTooShort, "The password is too short. Several words in a row make a good one.")
	case p.leansOnContext(normal, known):
		return "", passwordError(core.CodePasswordContext,
			"The password is easy to guess for those who know you or this site. Leave out names and addresses.")
	}
	return normal, nil
}

func passwordError(code core.Code, message string) error {
	return core.InvalidField("password", code, message)
}

func (p *Policy) leansOnContext(normal string, known []string) bool {
	words := slices.Concat(p.words, contextWords(known, contextWordMin))
	slices.SortFunc(words, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	folded := strings.ToLower(normal)
	rest := folded
	for _, word := range words {
		rest = strings.ReplaceAll(rest, word, "")
	}
	return rest != folded && utf8.RuneCountInString(rest) < max(p.minLength, PasswordRecommended)
}

// contextWords gives what each text contributes to the words of the context, where that is of so many code points or more.
func contextWords(texts []string, least int) []string {
	var words []string
	add := func(word string) {
		if utf8.RuneCountInString(word) >= least {
			words = append(words, word)
		}
	}
	for _, text := range texts {
		text = strings.ToLower(norm.NFKC.String(text))
		parts := strings.FieldsFunc(text, isSeparator)
		add(text)
		add(strings.Join(parts, ""))
		for _, part := range parts {
			add(part)
		}
		if local, _, isEmail := strings.Cut(text, "@"); isEmail {
			add(local)
			add(strings.Join(strings.FieldsFunc(local, isSeparator), ""))
		}
	}
	return words
}

func isSeparator(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
}
