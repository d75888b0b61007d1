package access

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/doorward/doorward/core"
)

// The bounds of names, in bytes, and of descriptions, in code points. They are those of the tables.
const (
	NameMax        = 64
	KeyMax         = 128
	CategoryMax    = 64
	DescriptionMax = 500
)

// The forms of names. They are narrow so that no two look alike, and so that they stand as they are in tokens, logs and
// paths.
var (
	roleName  = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,63}$`)
	groupName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	keyForm   = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$`)
	category  = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
)

// reserved are the resources that permissions of the product speak of, and those that it may speak of in later versions:
// a permission that a deployment has made must not become one of the product by an upgrade. All others are free; app is
// promised to stay so, as it does for events.
var reserved = []string{
	"access", "accounts", "audit", "auth", "credentials", "dashboard", "devices", "doorward", "factors", "groups", "health",
	"identities", "keys", "mail", "me", "metrics", "operations", "organizations", "passkeys", "permissions", "roles",
	"service_accounts", "sessions", "settings", "system", "tokens", "uploads", "users", "webhooks",
}

// Reserved reports whether permissions of the key's resource are the product's to make.
func Reserved(key string) bool {
	resource, _, _ := strings.Cut(key, ".")
	return slices.Contains(reserved, resource)
}

// checkName reports a name that has not the form, or is longer than limit bytes.
func checkName(name string, form *regexp.Regexp, limit int, message string) error {
	switch {
	case name == "":
		return core.InvalidField("", core.CodeRequired, "A name is needed.")
	case len(name) > limit:
		return core.InvalidField("", core.CodeTooLong, "This has "+strconv.Itoa(limit)+" characters at the most.")
	case !form.MatchString(name):
		return core.InvalidField("", core.CodeInvalidFormat, message)
	}
	return nil
}

func checkRoleName(name string) error {
	return checkName(name, roleName, NameMax, "A role is called by 2 to 64 capital letters, digits and underscores, a letter first.")
}

func checkGroupName(name string) error {
	return checkName(name, groupName, NameMax, "A group is called by lower-case letters and digits with single hyphens between them.")
}

func checkCategory(name string) error {
	return checkName(name, category, CategoryMax, "A category is lower-case letters, digits, hyphens and underscores.")
}

func checkKey(key string) error {
	err := checkName(key, keyForm, KeyMax, "A permission has the form resource.action, in lower case.")
	if err == nil && Reserved(key) {
		err = core.InvalidField("", core.CodeNotAllowed, "Permissions of this resource are the product's own.")
	}
	return err
}

// checkDescription brings a description to its normal form: NFC, without spaces around it.
func checkDescription(text *string) error {
	if len(*text) > utf8.UTFMax*DescriptionMax {
		return core.InvalidField("", core.CodeTooLong, "A description has 500 characters at the most.")
	}
	*text = strings.TrimSpace(norm.NFC.String(*text))
	unprintable := func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
	}
	switch {
	case !utf8.ValidString(*text) || strings.ContainsFunc(*text, unprintable):
		return core.InvalidField("", core.CodeNotAllowed, "A description is one line without control characters.")
	case utf8.RuneCountInString(*text) > DescriptionMax:
		return core.InvalidField("", core.CodeTooLong, "A description has 500 characters at the most.")
	}
	return nil
}

// unknown reports the names of a list that known does not hold for, each by its place.
func unknown(field string, names []string, known func(name string) bool) error {
	var violations core.Violations
	for i, name := range names {
		if !known(name) {
			violations.AddFields(core.FieldError{
				Field: field + "." + strconv.Itoa(i), Code: core.CodeUnknownValue, Message: "There is no such thing.",
			})
		}
	}
	return violations.Err()
}

// choose gives the permissions, each once and sorted, and their set. KindInvalid for those that the catalogue does not
// have.
func (c *Catalogue) choose(keys []string) (chosen []string, set Set, err error) {
	err = unknown("permissions", keys, func(key string) bool {
		_, known := c.Bit(key)
		return known
	})
	return distinct(keys), c.Set(keys...), err
}

// distinct gives each of the names once, sorted.
func distinct(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}
