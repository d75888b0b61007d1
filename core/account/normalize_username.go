package account

import (
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"

	"github.com/doorward/doorward/core"
)

// The bounds of a username in code points.
const (
	UsernameMin = 3
	UsernameMax = 32
)

// NormalizeUsername reads a username. It gives the form to show, which keeps the case, and the key under
// which usernames are unique (PRECIS UsernameCasePreserved and UsernameCaseMapped, RFC 8265 §3: width
// mapping, NFC, the identifier class, the bidi rule).
//
// A username has 3 to 32 code points: letters, their marks and decimal digits, at least one of them a
// letter, with single dots, hyphens and underscores between them. It holds no "@" and is no UUID, and
// being more than digits it is no phone number either, so that identifiers tell apart by their form. Its
// letters come from one script, or from a set that one language writes together (UTS #39 §5.2 "highly
// restrictive"; by the Script property), and its digits from one set (UTS #39 §5.3), so that look-alikes
// of other scripts are not mixed in.
//
// The error is of KindInvalid for the field "username". The key of a key is itself.
func NormalizeUsername(text string) (display, key string, err error) {
	if len(text) > utf8.UTFMax*UsernameMax {
		return "", "", usernameError(core.CodeTooLong, "A username has 32 characters at the most.")
	}
	display, okDisplay := stable(precis.UsernameCasePreserved, text)
	key, okKey := stable(precis.UsernameCaseMapped, text)
	if !okDisplay || !okKey {
		return "", "", usernameError(core.CodeInvalidFormat, usernameRule)
	}
	for _, form := range []string{display, key} {
		if err := checkUsername(form); err != nil {
			return "", "", err
		}
	}
	return display, key, nil
}

const usernameRule = "A username is made of letters and digits, with single dots, hyphens or underscores between them."

func usernameError(code core.Code, message string) error {
	return core.InvalidField("username", code, message)
}

func checkUsername(name string) error {
	switch length := utf8.RuneCountInString(name); {
	case length < UsernameMin:
		return usernameError(core.CodeTooShort, "A username has 3 characters at least.")
	case length > UsernameMax:
		return usernameError(core.CodeTooLong, "A username has 32 characters at the most.")
	case !wellJoined(name) || !strings.ContainsFunc(name, isLetter):
		return usernameError(core.CodeInvalidFormat, usernameRule)
	case looksLikeUUID(name):
		return usernameError(core.CodeNotAllowed, "A username cannot look like an identifier of the system.")
	case !oneScript(name) || !oneDigitSet(name):
		return usernameError(core.CodeMixedScript, "A username does not mix letters or digits of different scripts.")
	}
	return nil
}

// wellJoined reports whether name is words of letters, marks and digits, joined by single signs.
func wellJoined(name string) bool {
	joined := true // a sign may not come first, nor after another
	for _, r := range name {
		switch {
		case isLetter(r) || isDigit(r):
			joined = false
		case isMark(r) && !joined:
		case strings.ContainsRune("._-", r) && !joined:
			joined = true
		default:
			return false
		}
	}
	return !joined
}

// looksLikeUUID reports whether name is the 32 hexadecimal digits of a UUID; the form with hyphens is
// longer than a username.
func looksLikeUUID(name string) bool {
	_, err := hex.DecodeString(name)
	return err == nil && len(name) == 32
}

func isLetter(r rune) bool { return unicode.IsLetter(r) }
func isMark(r rune) bool   { return unicode.IsMark(r) }
func isDigit(r rune) bool  { return unicode.Is(unicode.Nd, r) }

// scriptsTogether are the sets of scripts that one language writes together (UTS #39 §5.2).
var scriptsTogether = [][]string{
	{"Latin", "Han", "Hiragana", "Katakana"},
	{"Latin", "Han", "Bopomofo"},
	{"Latin", "Han", "Hangul"},
}

// oneScript reports whether the letters of name are of one script or of one permitted set. Characters that
// all scripts share count for none.
func oneScript(name string) bool {
	var scripts []string
	for _, r := range name {
		if script := scriptOf(r); script != "" && !slices.Contains(scripts, script) {
			scripts = append(scripts, script)
		}
	}
	return len(scripts) <= 1 || slices.ContainsFunc(scriptsTogether, func(set []string) bool {
		return !slices.ContainsFunc(scripts, func(script string) bool { return !slices.Contains(set, script) })
	})
}

// scriptOf names the script of r; empty for those that are shared (Common, Inherited).
func scriptOf(r rune) string {
	if r < utf8.RuneSelf && !isLetter(r) || unicode.In(r, unicode.Common, unicode.Inherited) {
		return ""
	}
	if unicode.Is(unicode.Latin, r) {
		return "Latin"
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return "Unknown"
}

// oneDigitSet reports whether the digits of name are of one decimal system.
func oneDigitSet(name string) bool {
	first := rune(-1)
	for _, r := range name {
		zero, ok := zeroOf(r)
		if !ok {
			continue
		}
		if first >= 0 && zero != first {
			return false
		}
		first = zero
	}
	return true
}

// zeroOf gives the zero of the decimal system that the digit r belongs to. Unicode keeps the ten digits of
// a system together and in order, so that ranges of them are multiples of ten.
func zeroOf(r rune) (rune, bool) {
	for _, span := range unicode.Nd.R16 {
		if low := rune(span.Lo); low <= r && r <= rune(span.Hi) {
			return r - (r-low)%10, true
		}
	}
	for _, span := range unicode.Nd.R32 {
		if low := rune(span.Lo); low <= r && r <= rune(span.Hi) { //nolint:gosec // code points fit
			return r - (r-low)%10, true
		}
	}
	return 0, false
}

// stable applies a PRECIS profile until nothing changes, three more times at the most, and refuses what is
// not stable then (RFC 8265 §3.3.4 with the bound of RFC 8266 §2.1): for a few code points one pass does
// not suffice.
func stable(profile *precis.Profile, text string) (string, bool) {
	for range 4 {
		next, err := profile.String(text)
		if err != nil {
			return "", false
		}
		if next == text {
			return next, true
		}
		text = next
	}
	return "", false
}
