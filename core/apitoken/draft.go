package apitoken

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
)

// readLine brings a line of text to its normal form: NFC, without spaces around it, code points of print alone.
func readLine(text string, most int) (string, error) {
	text = strings.TrimSpace(norm.NFC.String(text))
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", core.NewError(core.KindInvalid, core.CodeNotAllowed, "No control characters and no line breaks are allowed here.")
	case utf8.RuneCountInString(text) > most:
		return "", core.NewError(core.KindInvalid, core.CodeTooLong, "At most "+strconv.Itoa(most)+" characters are allowed here.")
	}
	return text, nil
}

// readName is readLine for a name, which is not empty.
func readName(text string) (string, error) {
	name, err := readLine(text, NameMax)
	if err == nil && name == "" {
		err = core.NewError(core.KindInvalid, core.CodeRequired, "A name is needed.")
	}
	return name, err
}

// readScopes holds scopes against the catalogue and gives them sorted, each once. All that are unknown, or not for the
// holder, are told, as scopes.0 and so on.
func readScopes(catalogue *access.Catalogue, scopes []string, holder holder) ([]string, error) {
	var wrong core.Violations
	if len(scopes) > MaxScopes {
		wrong.Add("scopes", core.NewError(core.KindInvalid, core.CodeTooLong, "There are too many scopes."))
		return nil, wrong.Err()
	}
	if len(scopes) == 0 && holder == forPerson {
		wrong.Add("scopes", core.NewError(core.KindInvalid, core.CodeRequired, "A token needs a scope to be good for anything."))
	}
	for i, scope := range scopes {
		bit, known := catalogue.Bit(scope)
		field := "scopes." + strconv.Itoa(i)
		switch {
		case !known:
			wrong.Add(field, core.NewError(core.KindInvalid, core.CodeUnknownValue, "There is no such permission."))
		case holder == forMachine && (bit == access.MeRead || bit == access.MeWrite):
			wrong.Add(field, core.NewError(core.KindInvalid, core.CodeNotAllowed, "A service account is no person and has no account of its own to see."))
		}
	}
	sorted := slices.Clone(scopes)
	slices.Sort(sorted)
	return slices.Compact(sorted), wrong.Err()
}

// holder is who is to have scopes.
type holder bool

const (
	forPerson  holder = false
	forMachine holder = true
)

// readExpiry gives when something ends that is made now: at a time or after a while, of which not both are given.
// None is after the fallback; zero for a fallback of zero.
func readExpiry(now time.Time, at *time.Time, in, fallback, longest time.Duration) (time.Time, error) {
	field, ends := "expires_at", now.Add(fallback)
	switch {
	case at != nil && in != 0:
		return time.Time{}, core.InvalidField("expires_in", core.CodeNotAllowed, "Give one of expires_in and expires_at.")
	case at != nil:
		ends = *at
	case in != 0:
		field, ends = "expires_in", now.Add(in)
	case fallback == 0:
		return time.Time{}, nil
	}
	if ends.Before(now.Add(MinTTL)) || ends.After(now.Add(longest)) {
		return time.Time{}, core.InvalidField(field, core.CodeOutOfRange,
			"It ends in a minute at least, and in "+strconv.Itoa(int(longest/(24*time.Hour)))+" days at the most.")
	}
	return ends.UTC().Truncate(time.Microsecond), nil
}
