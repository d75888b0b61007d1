package account

import (
	"regexp"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
)

// The themes.
const (
	ThemeLight = "light"
	ThemeDark  = "dark"
	// ThemeSystem follows the device of whoever looks. It is meant where nothing was chosen.
	ThemeSystem = "system"
)

// timezoneMax is the longest name of a time zone that is kept, in bytes. The longest in use has 32.
const timezoneMax = 64

// timezoneName is what the names of the IANA time zone database look like: each part begins with a capital. Files
// that lie beside them, such as posixrules or right/UTC with its leap seconds, do not (theory.html of the database,
// "Timezone identifiers").
var timezoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*)*$`)

var errTimezone = core.NewError(core.KindInvalid, core.CodeUnknownValue, "There is no such time zone in the IANA time zone database.")

// Timezone gives the time zone of a name of the IANA time zone database, such as Europe/Berlin or UTC. What it is
// told of comes from this machine, or from the copy that the program carries. core.KindInvalid, with
// core.CodeUnknownValue, for anything else.
func Timezone(name string) (*time.Location, error) {
	if len(name) > timezoneMax || name == time.Local.String() || !timezoneName.MatchString(name) {
		return nil, errTimezone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, errTimezone
	}
	return zone, nil
}

// check reports what breaks a rule; the empty text, the default, never does.
func (p Preferences) check() (fields []core.FieldError) {
	if !slices.Contains([]string{"", ThemeLight, ThemeDark, ThemeSystem}, p.Theme) {
		fields = append(fields, core.FieldError{
			Field: settingTheme, Code: core.CodeUnknownValue, Message: "A theme is light, dark or system.",
		})
	}
	if p.Timezone != "" {
		if _, err := Timezone(p.Timezone); err != nil {
			fields = append(fields, core.FieldError{Field: settingTimezone, Code: errTimezone.Code, Message: errTimezone.Message})
		}
	}
	if !slices.Contains([]Visibility{VisibilityPublic, VisibilityMembers, VisibilityPrivate}, p.Visibility) {
		fields = append(fields, core.FieldError{
			Field: settingVisibility, Code: core.CodeUnknownValue, Message: "A profile is public, for members or private.",
		})
	}
	return fields
}
