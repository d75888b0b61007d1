package account

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// NameKey is the form by which names are searched and sorted: compatibility forms are one (NFKC), case is folded, and
// white space is one space. Two names may have one key. The key of a key is itself.
func NameKey(name string) string {
	return strings.Join(strings.Fields(norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))), " ")
}
