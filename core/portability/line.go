// Package portability moves accounts in and out: imports with the password hashes of other systems, exports in the same
// form, and all that is held about one person.
package portability

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
)

// The bounds of a line.
const (
	// LineMax is the longest line in bytes. An account of access.RolesMax roles, the rest of it as long as it may be, is
	// told in 20 KiB: what was exported can be imported.
	LineMax = 32 << 10
)

// Line is one account in the form of imports and exports. Empty members are not told.
type Line struct {
	// ExternalID is the id of the account in the other system: a repeated import knows the account by it.
	ExternalID string
	Email      string
	Username   string
	Phone      string
	Name       string
	// EmailVerified says that the other system has seen a proof of the address.
	EmailVerified bool
	// Password is the hash of the other system.
	Password account.PasswordHash
	// Roles are the roles of the account, no others; nil where the line tells of none, which is RoleUser for a new one.
	Roles []string
	// CreatedAt is when the other system opened the account; zero where that is not told.
	CreatedAt time.Time
}

// wire is a Line as JSON.
type wire struct {
	ExternalID    string     `json:"external_id"`
	Email         string     `json:"email"`
	Username      string     `json:"username,omitempty"`
	Phone         string     `json:"phone,omitempty"`
	Name          string     `json:"name,omitempty"`
	EmailVerified bool       `json:"email_verified"`
	PasswordHash  string     `json:"password_hash,omitempty"`
	Roles         *[]string  `json:"roles,omitempty"`
	CreatedAt     *time.Time `json:"created_at,omitempty"`
}

// AppendLine appends the line as JSON and a line feed to text. The same line always makes the same text.
func AppendLine(text []byte, line Line) []byte {
	written := wire{
		ExternalID: line.ExternalID, Email: line.Email, Username: line.Username, Phone: line.Phone, Name: line.Name,
		EmailVerified: line.EmailVerified, PasswordHash: string(line.Password),
	}
	if line.Roles != nil {
		written.Roles = &line.Roles
	}
	if !line.CreatedAt.IsZero() {
		written.CreatedAt = &line.CreatedAt
	}
	into := bytes.NewBuffer(text)
	encoder := json.NewEncoder(into)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(written) // texts and times of this millennium always encode
	return into.Bytes()
}

// The members of a line.
const (
	fieldExternalID    = "external_id"
	fieldEmail         = "email"
	fieldUsername      = "username"
	fieldPhone         = "phone"
	fieldName          = "name"
	fieldEmailVerified = "email_verified"
	fieldPasswordHash  = "password_hash"
	fieldRoles         = "roles"
	fieldCreatedAt     = "created_at"
)

// ParseLine reads a line as AppendLine writes it: one JSON object, in any order and with any white space, null or an
// empty text for what is not told. The error is of KindInvalid and names the member: core.CodeInvalidFormat,
// core.CodeUnknownField, core.CodeNotAllowed for one that comes twice, core.CodeRequired, core.CodeTooLong. What the
// values mean is looked at later.
func ParseLine(text []byte) (line Line, err error) {
	if len(text) > LineMax {
		return line, errTooLong
	}
	if !utf8.Valid(text) {
		return line, errNotJSON
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return line, errNotJSON
	}
	seen := make(map[string]bool, 9)
	for decoder.More() {
		if err := line.readMember(decoder, seen); err != nil {
			return line, err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return line, errNotJSON
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return line, errNotJSON
	}
	err = line.complete()
	return line, err
}

var (
	errNotJSON = core.InvalidField("", core.CodeInvalidFormat, "This is not a line of one JSON object.")
	errTooLong = core.InvalidField("", core.CodeTooLong, "A line has 32 KiB at the most.")
)

func (l *Line) readMember(decoder *json.Decoder, seen map[string]bool) error {
	token, err := decoder.Token()
	name, isName := token.(string)
	if err != nil || !isName {
		return errNotJSON
	}
	if seen[name] {
		return core.InvalidField(clip(name), core.CodeNotAllowed, "This is given more than once.")
	}
	seen[name] = true
	target := l.member(name)
	if target == nil {
		return core.InvalidField(clip(name), core.CodeUnknownField, "There is no such member.")
	}
	if err := decoder.Decode(target); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errNotJSON
		}
		return core.InvalidField(name, core.CodeInvalidFormat, "This is not of the right form.")
	}
	return nil
}

// member is where a member is kept; nil for one that does not exist.
func (l *Line) member(name string) any {
	switch name {
	case fieldExternalID:
		return &l.ExternalID
	case fieldEmail:
		return &l.Email
	case fieldUsername:
		return &l.Username
	case fieldPhone:
		return &l.Phone
	case fieldName:
		return &l.Name
	case fieldEmailVerified:
		return &l.EmailVerified
	case fieldPasswordHash:
		return (*string)(&l.Password)
	case fieldRoles:
		return &l.Roles
	case fieldCreatedAt:
		return &l.CreatedAt
	}
	return nil
}

// complete holds the line to what every line must tell, and to its bounds.
func (l *Line) complete() error {
	var violations core.Violations
	if l.ExternalID == "" {
		violations.AddFields(core.FieldError{Field: fieldExternalID, Code: core.CodeRequired, Message: "This is required."})
	}
	violations.Add(fieldExternalID, account.CheckExternalID(l.ExternalID))
	if l.Email == "" {
		violations.AddFields(core.FieldError{Field: fieldEmail, Code: core.CodeRequired, Message: "This is required."})
	}
	if len(l.Roles) > access.RolesMax {
		violations.AddFields(core.FieldError{Field: fieldRoles, Code: core.CodeTooLong, Message: "A line names 256 roles at the most."})
	}
	if l.Roles != nil {
		slices.Sort(l.Roles)
		l.Roles = slices.Compact(l.Roles)
	}
	l.CreatedAt = l.CreatedAt.UTC().Truncate(time.Microsecond)
	return violations.Err()
}

// clip bounds a name that somebody made up.
func clip(name string) string { return strings.ToValidUTF8(name[:min(len(name), 64)], "") }
