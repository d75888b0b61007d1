package access

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
)

// Lookup gives the catalogue to every request. Stores answer from the primary; caches decorate it.
type Lookup interface {
	// Catalogue gives the catalogue as it is. With a warm cache it asks neither the database nor a peer. Callers must
	// not change it. KindUnavailable.
	Catalogue(ctx context.Context) (*Catalogue, error)
}

// Catalogues keeps roles, groups and permissions. Names are unique per kind. Each write is to be followed by Raise in
// the same transaction.
type Catalogues interface {
	// Hold reads the catalogue from the primary and locks it until ctx's transaction ends, so that acts that change, or
	// depend on, what somebody may do come one after another. Call it first in the transaction, before any user is
	// read. KindUnavailable.
	Hold(ctx context.Context) (*Catalogue, error)
	// Raise raises the revision by one and journals the change.
	Raise(ctx context.Context, at time.Time) (core.Change, error)
	// PutRole adds or overwrites a role, with its permissions, by its id. ErrNameTaken; core.ErrNotFound for a
	// permission that does not exist. Name, System and CreatedAt of one that stands are not changed. Likewise
	// PutGroup, whose name can change, and PutPermission, whose key cannot.
	PutRole(ctx context.Context, role Role) error
	PutGroup(ctx context.Context, group Group) error
	PutPermission(ctx context.Context, permission Permission) error
	// Remove removes a role, group or permission. ErrInUse while a person, role or group has it; core.ErrNotFound.
	Remove(ctx context.Context, kind Kind, id core.ID) error
}

// Kind is what a catalogue is made of.
type Kind string

// The kinds.
const (
	KindRole       Kind = "role"
	KindGroup      Kind = "group"
	KindPermission Kind = "permission"
)

// Memberships keeps who has what.
type Memberships interface {
	// Of gives the roles (KindRole, by name) or groups (KindGroup, by id) of a user. A user who does not exist has
	// none. They are sorted by name or id.
	Of(ctx context.Context, user core.ID, kind Kind) ([]Membership, error)
	// Set makes the memberships the user's only ones of the kind: those that stay keep By and At, others go, new ones
	// come with theirs. At the instant at, the user's UpdatedAt, their Rev rises, is journalled and given, and the
	// events are written with it. core.ErrNotFound for a user, role or group that does not exist; nothing is changed
	// then.
	Set(
		ctx context.Context, user core.ID, kind Kind, members []Membership, at time.Time, events ...audit.Event,
	) (core.Change, error)
}

// Users is what access reads of accounts. An account.Store is one.
type Users interface {
	Find(ctx context.Context, id core.ID) (account.User, error)
	CountOwners(ctx context.Context, except core.ID) (int, error)
}

// Obligations tells people of the second factor that roles demand of them. mfa.Service is one.
type Obligations interface {
	// Ask tells the user, in a change that is saved with it, until when to enrol what is demanded of them, and forgets that
	// where nothing is; since is as of Rights.SecondFactorSince. Who was told already keeps their date.
	Ask(user *account.User, since time.Time)
}

// Imports knows of accounts that imports made. A portability.Store is one.
type Imports interface {
	// Sever has no import change any more what the user signs in with, in ctx's transaction; nothing happens to one
	// whom no import made. KindUnavailable.
	Sever(ctx context.Context, user core.ID) error
}

// Services tells what service accounts hold.
type Services interface {
	// Scopes gives the permissions of a service account that is enabled, from the primary. core.ErrNotFound.
	Scopes(ctx context.Context, id core.ID) ([]string, error)
}

// Admissions tells whether what callers came by is good still.
type Admissions interface {
	// Stands reports, by one statement on the primary, whether what the caller was admitted by is good at now: the session
	// lives and is that of caller.ID(), who under impersonation is the administrator; or the personal token of the person,
	// or the key of the service account, is there and has not expired. Of person and service account themselves it tells
	// nothing. Inside a transaction it sees what that has done. KindUnavailable.
	Stands(ctx context.Context, caller core.Principal, now time.Time) (bool, error)
}

// Grants tells what else than roles and groups gives permissions to somebody.
type Grants interface {
	// Granted reports whether a service account, enabled or not, has the permission. KindUnavailable.
	Granted(ctx context.Context, key string) (bool, error)
}

// The conflicts of the catalogue.
var (
	ErrNameTaken = core.NewError(core.KindConflict, core.CodeNameTaken, "This name is taken.")
	ErrInUse     = core.NewError(core.KindConflict, core.CodeInUse, "It is still in use. Take it from those who have it first.")
	ErrImmutable = core.NewError(core.KindConflict, core.CodeImmutable, "This is built in and stays as it is.")
	ErrTooMany   = core.NewError(core.KindConflict, core.CodeTooMany, "There are as many of these as there can be.")
)
