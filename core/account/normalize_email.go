package account

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"github.com/doorward/doorward/core"
)

// The bounds of an address in octets (RFC 5321 §4.5.3.1; 254 is what its path limit of 256 leaves) and of
// a label of its domain (RFC 1035 §2.3.4).
const (
	emailLocalMax  = 64
	emailMax       = 254
	domainLabelMax = 63
)

// atextSpecials are the characters besides letters and digits that stand unquoted in a local part
// (RFC 5321 §4.1.2, RFC 5322 §3.2.3).
const atextSpecials = "!#$%&'*+/=?^_`{|}~-"

var errEmail = core.InvalidField("email", core.CodeInvalidFormat, "This is not an email address.")

// NormalizeEmail reads an address. It gives the address to write to, which keeps the local part as typed,
// and the key under which accounts are unique, whose local part is lower-cased as well.
//
// Accepted is what mail systems hand out: a local part of unquoted characters with single dots (RFC 5321
// dot-string), or of non-ASCII letters, marks and digits as RFC 6531 permits, and a domain of two labels
// or more. Quoted local parts, address literals, comments and control characters are refused. Spaces
// around the whole are dropped, for they come from pasting.
//
// The domain comes out in ASCII and lower case: labels that are not ASCII are width-mapped, lower-cased
// and brought to NFC by PRECIS (RFC 8264, whose letters and digits are those of IDNA 2008), then written
// in Punycode (RFC 3492), so that both spellings of a domain are one key.
//
// RFC 5321 §2.4 leaves the case of the local part to the receiving host. No large provider tells case
// apart, while people write their own address in several, so that the key ignores it on purpose: whoever
// relies on case cannot have two accounts, but mail still goes to the address as typed.
//
// The error is of KindInvalid for the field "email". The key of a key is itself.
func NormalizeEmail(text string) (address, key string, err error) {
	text = strings.Trim(text, " ")
	if len(text) > 4*emailMax || !utf8.ValidString(text) {
		return "", "", errEmail
	}
	at := strings.LastIndexByte(text, '@')
	if at <= 0 {
		return "", "", errEmail
	}
	local := norm.NFC.String(text[:at])
	domain, ok := normalizeDomain(text[at+1:])
	if !ok || !validLocal(local) {
		return "", "", errEmail
	}
	folded, ok := stable(precis.UsernameCaseMapped, local)
	if !ok || !validLocal(folded) || max(len(local), len(folded))+1+len(domain) > emailMax {
		return "", "", errEmail
	}
	return local + "@" + domain, folded + "@" + domain, nil
}

// validLocal reports whether local is a dot-string of at most 64 octets.
func validLocal(local string) bool {
	if len(local) > emailLocalMax {
		return false
	}
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, notAtext) {
			return false
		}
	}
	return true
}

func notAtext(r rune) bool {
	return !isLetter(r) && !isDigit(r) && !isMark(r) && !strings.ContainsRune(atextSpecials, r)
}

// normalizeDomain gives the domain in lower-case ASCII.
func normalizeDomain(domain string) (string, bool) {
	labels := strings.FieldsFunc(domain, isLabelDot)
	if len(labels) < 2 || len(labels) != 1+countFunc(domain, isLabelDot) {
		return "", false // one label, or an empty one
	}
	for i, label := range labels {
		ascii, ok := normalizeLabel(label)
		if !ok {
			return "", false
		}
		labels[i] = ascii
	}
	last := labels[len(labels)-1]
	return strings.Join(labels, "."), last[0] < '0' || last[0] > '9' // no top-level domain begins with a digit
}

// isLabelDot reports whether r separates labels: the full stop, or one of those that input methods for
// East Asian scripts write instead (RFC 3490 §3.1).
func isLabelDot(r rune) bool { return strings.ContainsRune(".\u3002\uff0e\uff61", r) }

func countFunc(text string, counts func(rune) bool) (n int) {
	for _, r := range text {
		if counts(r) {
			n++
		}
	}
	return n
}

// normalizeLabel gives one label in lower-case ASCII: letters, digits and inner hyphens (RFC 5890 §2.3.1).
func normalizeLabel(label string) (string, bool) {
	lower, ok := stable(precis.UsernameCaseMapped, label)
	if !ok || lower == "" || lower[0] == '-' || lower[len(lower)-1] == '-' {
		return "", false
	}
	for _, r := range lower {
		if r != '-' && !isLetter(r) && !isDigit(r) && !isMark(r) {
			return "", false
		}
	}
	if !isASCII(lower) {
		lower = "xn--" + punycode(lower)
	}
	return lower, len(lower) <= domainLabelMax
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
