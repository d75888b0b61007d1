// Package account is the person's record: identifiers and profile, registration before the mailbox is
// proven, changes of address, deactivation, deletion with a grace period, and the way back.
package account

import (
	"log/slog"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
)

// Status is the state of an account.
type Status string

// The states. Only active accounts sign in; a deactivated one becomes active by signing in.
const (
	StatusActive      Status = "active"
	StatusSuspended   Status = "suspended"
	StatusDeactivated Status = "deactivated"
	StatusDeleted     Status = "deleted"
)

// The built-in roles.
const (
	RoleOwner = "OWNER"
	RoleAdmin = "ADMIN"
	RoleUser  = "USER"
)

// PasswordHash is a PHC string, or empty for an account without a password. It never prints itself.
type PasswordHash string

// String hides the hash.
func (PasswordHash) String() string { return "[redacted]" }

// GoString hides the hash from %#v.
func (PasswordHash) GoString() string { return "[redacted]" }

// LogValue hides the hash from structured logs.
func (PasswordHash) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText hides the hash from every encoder.
func (PasswordHash) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Profile is what a person says of themselves. Lengths are in code points; see Profile.Validate.
type Profile struct {
	Name     string
	Bio      string
	ImageURL string
	// Locale is a BCP 47 tag; empty means the deployment's default.
	Locale string
	// Phone is E.164 and unproven; empty when not given.
	Phone string
}

// User is an account. Rev rises with every write; copies with a lower one are stale.
type User struct {
	ID core.ID
	// Email is the address as its owner wrote it, EmailKey its unique form (see NormalizeEmail).
	Email         string
	EmailKey      string
	EmailVerified bool
	// Username and UsernameKey are empty for an account without one (see NormalizeUsername).
	Username    string
	UsernameKey string
	Profile     Profile
	Status      Status
	// Roles are the names of the user's roles, Groups the ids of their groups, both sorted. The store of memberships
	// keeps them: a Store writes those of a new user and reads them afterwards.
	Roles  []string
	Groups []core.ID
	// Source is how the account came to be. ExternalID is its id in another system, unique where not empty.
	Source     Source
	ExternalID string
	// Country is where the account was opened, or what an administrator says: ISO 3166-1 alpha-2, or empty.
	Country     string
	Preferences Preferences

	Password          PasswordHash
	PasswordChangedAt time.Time
	// MustReset bars sign-in by password until a reset is done.
	MustReset bool

	Protection Protection

	CreatedAt time.Time
	UpdatedAt time.Time
	// DeletedAt is zero unless Status is StatusDeleted; PurgeAt is then when the row is erased.
	DeletedAt time.Time
	PurgeAt   time.Time
	Rev       int64
}

// Source is how an account came to be.
type Source string

// The sources.
const (
	SourceRegistered Source = "registered"
	SourceInvited    Source = "invited"
	SourceCreated    Source = "created"
	SourceImported   Source = "imported"
	SourceSeeded     Source = "seeded"
)

// Visibility is who sees a profile.
type Visibility string

// The visibilities.
const (
	// VisibilityPublic shows the profile to everybody.
	VisibilityPublic Visibility = "public"
	// VisibilityMembers shows it to whoever is signed in.
	VisibilityMembers Visibility = "members"
	// VisibilityPrivate shows it to its owner alone, and to those who may read all users.
	VisibilityPrivate Visibility = "private"
)

// Preferences is what a person chooses of how products look and what they show. Empty means the default.
type Preferences struct {
	// Theme is light, dark or system.
	Theme string
	// Timezone is a name of the IANA time zone database.
	Timezone string
	// Visibility is VisibilityPrivate where empty.
	Visibility Visibility
}

// Protection is what guards an account beside its password, and what its owner hears of it.
type Protection struct {
	// SecondFactors are the kinds of the account's confirmed second factors, sorted. The store of factors keeps
	// them; a Store reads them and never writes them.
	SecondFactors []string
	// Required demands a second factor of this account, whatever the deployment asks for. EnrolBy is until when
	// the owner may do without where one is demanded; zero while nobody has asked.
	Required bool
	EnrolBy  time.Time
	// AlwaysAsk asks for the second factor on trusted devices too.
	AlwaysAsk bool
	// Muted are the kinds of notices that the owner does not want; only harmless ones are ever held back.
	Muted []string
}

// HasRole reports whether the user has the role.
func (u User) HasRole(role string) bool { return slices.Contains(u.Roles, role) }

// Registration is an account that waits for the proof of its mailbox. Its password counts only if this
// very registration is the one that is proven.
type Registration struct {
	ID          core.ID
	Email       string
	EmailKey    string
	Username    string
	UsernameKey string
	Profile     Profile
	Password    PasswordHash
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// The conflicts of identifiers.
var (
	ErrUsernameTaken   = core.NewError(core.KindConflict, core.CodeUsernameTaken, "This username is taken.")
	ErrEmailTaken      = core.NewError(core.KindConflict, core.CodeEmailTaken, "This address already has an account.")
	ErrExternalIDTaken = core.NewError(core.KindConflict, core.CodeExternalIDTaken, "Another account has this external id.")
)
