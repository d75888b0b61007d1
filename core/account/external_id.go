package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/doorward/doorward/core"
)

// ExternalIDMax is the longest id of another system, in code points. It is that of the table.
const ExternalIDMax = 255

// CheckExternalID reports an id of another system that could not be kept, or told to others, as it is: KindInvalid with
// core.CodeTooLong beyond ExternalIDMax, core.CodeNotAllowed for what is not printable. The empty text is no id, and none
// of the two.
func CheckExternalID(id string) error {
	unprintable := func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
	switch {
	case len(id) > utf8.UTFMax*ExternalIDMax || utf8.RuneCountInString(id) > ExternalIDMax:
		return core.NewError(core.KindInvalid, core.CodeTooLong, "An external id has 255 characters at the most.")
	case strings.ContainsFunc(id, unprintable):
		return core.NewError(core.KindInvalid, core.CodeNotAllowed, "An external id holds printable characters alone.")
	}
	return nil
}
