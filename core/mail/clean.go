package mail

import (
	"regexp"
	"strings"
	"unicode"
)

// The longest values that a letter repeats, in code points. They keep a letter readable; the profile's
// own bounds are the account's business.
const (
	maxName  = 64
	maxPlace = 80
	// maxRecipient is the longest address in octets: RFC 5321 §4.5.3.1.3 bounds a path to 256 with its
	// angle brackets.
	maxRecipient = 254
)

// linkish finds what mail programs turn into a link: a scheme, a path, an address, or a dot between
// words. One letter behind the dot is an initial ("J.R.R.").
var linkish = regexp.MustCompile(`[:/\\@]|\.\p{L}[\p{L}\p{N}-]`)

// line makes s fit for a header or for one line of text: no control characters (OWASP ASVS 5.0 1.3.11)
// and no characters that reorder what follows them, single spaces, at most limit code points.
func line(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	runes := []rune(strings.Join(strings.Fields(s), " "))
	if len(runes) > limit {
		runes = append(runes[:limit-1], '…')
	}
	return string(runes)
}

// said is line for what a stranger chose, such as the name in a registration that nobody has proven:
// anything that could carry a link or an address is left out, so that our mail carries nobody's message.
func said(s string, limit int) string {
	s = line(s, limit)
	if linkish.MatchString(s) {
		return ""
	}
	return s
}

// validRecipient reports whether to can stand in an envelope without breaking out of it. Whether such
// an address exists is for the peer to say.
func validRecipient(to string) bool {
	local, domain, found := strings.Cut(to, "@")
	return found && local != "" && domain != "" && len(to) <= maxRecipient && line(to, maxRecipient) == to &&
		!strings.ContainsAny(to, " <>,;")
}

// isolate keeps a value of unknown direction from reordering a right-to-left sentence around it, with
// the isolates of Unicode UAX #9.
func isolate(s string) string {
	if s == "" {
		return ""
	}
	return "\u2068" + s + "\u2069"
}
