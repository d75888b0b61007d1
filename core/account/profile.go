package account

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/doorward/doorward/core"
)

// The bounds of a profile, in code points.
const (
	NameMax     = 100
	BioMax      = 500
	ImageURLMax = 2048
)

// The bounds of a phone number in digits, the country code included: at most 15 (ITU-T E.164 §6), and at
// least the 7 of the shortest ones in use.
const (
	phoneMin = 7
	phoneMax = 15
)

// Validate brings the profile to its normal form in place (texts in NFC, the name without spaces around
// it, the locale canonical) and reports what breaks a rule, each field named with the prefix before it
// ("" for none, or "profile."). A name is wanted; all else may be empty. A picture is an absolute https
// URL without credentials. Names, which end up in the headers of mails, hold neither control characters
// nor line breaks nor characters that turn the direction of writing; a bio may have line breaks.
func (p *Profile) Validate(prefix string) []core.FieldError {
	var fields []core.FieldError
	check := func(field string, err *core.FieldError) {
		if err != nil {
			err.Field = prefix + field
			fields = append(fields, *err)
		}
	}
	check("name", p.normalizeName())
	check("bio", p.normalizeBio())
	check("image_url", checkImageURL(p.ImageURL))
	check("locale", p.normalizeLocale())
	check("phone", checkPhone(p.Phone))
	return fields
}

func broken(code core.Code, message string) *core.FieldError {
	return &core.FieldError{Code: code, Message: message}
}

func (p *Profile) normalizeName() *core.FieldError {
	if len(p.Name) > utf8.UTFMax*NameMax+1 {
		return broken(core.CodeTooLong, "A name has 100 characters at the most.")
	}
	p.Name = strings.TrimSpace(norm.NFC.String(p.Name))
	switch {
	case p.Name == "":
		return broken(core.CodeRequired, "A name is needed.")
	case !utf8.ValidString(p.Name) || strings.ContainsFunc(p.Name, isUnprintable):
		return broken(core.CodeNotAllowed, "A name holds no control characters and no line breaks.")
	case utf8.RuneCountInString(p.Name) > NameMax:
		return broken(core.CodeTooLong, "A name has 100 characters at the most.")
	}
	return nil
}

func (p *Profile) normalizeBio() *core.FieldError {
	if len(p.Bio) > utf8.UTFMax*BioMax {
		return broken(core.CodeTooLong, "A bio has 500 characters at the most.")
	}
	p.Bio = norm.NFC.String(strings.ReplaceAll(p.Bio, "\r\n", "\n"))
	unprintable := func(r rune) bool { return r != '\n' && isUnprintable(r) }
	switch {
	case !utf8.ValidString(p.Bio) || strings.ContainsFunc(p.Bio, unprintable):
		return broken(core.CodeNotAllowed, "A bio holds no control characters besides line breaks.")
	case utf8.RuneCountInString(p.Bio) > BioMax:
		return broken(core.CodeTooLong, "A bio has 500 characters at the most.")
	}
	return nil
}

// isUnprintable reports whether r is a control character, a line or paragraph separator, or one that
// overrides the direction of what follows (UAX #9 §2.1, §2.2, §2.4).
func isUnprintable(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) ||
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

func checkImageURL(text string) *core.FieldError {
	if text == "" {
		return nil
	}
	if utf8.RuneCountInString(text) > ImageURLMax {
		return broken(core.CodeTooLong, "A URL has 2048 characters at the most.")
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "https" || parsed.Hostname() == "" || parsed.User != nil || parsed.Opaque != "" {
		return broken(core.CodeInvalidFormat, "This is not an absolute https URL.")
	}
	return nil
}

func (p *Profile) normalizeLocale() *core.FieldError {
	if p.Locale == "" {
		return nil
	}
	const longest = 35 // RFC 5646 §4.4.1: what buffers should allow for
	tag, err := language.Parse(p.Locale)
	if err != nil || len(p.Locale) > longest {
		return broken(core.CodeInvalidFormat, "This is not a BCP 47 language tag.")
	}
	p.Locale = tag.String()
	return nil
}

func checkPhone(text string) *core.FieldError {
	if text == "" {
		return nil
	}
	digits, plus := strings.CutPrefix(text, "+")
	foreign := func(r rune) bool { return r < '0' || r > '9' }
	if !plus || len(digits) < phoneMin || len(digits) > phoneMax || digits[0] == '0' || strings.ContainsFunc(digits, foreign) {
		return broken(core.CodeInvalidFormat, "A phone number is written +, country code and number, digits only.")
	}
	return nil
}
