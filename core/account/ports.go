package account

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// Store keeps accounts. Emails and usernames are unique by their keys over all accounts, deleted ones in
// their grace included.
type Store interface {
	// Create adds a user with its roles, groups and password (an empty Source is SourceRegistered, an empty Visibility
	// VisibilityPrivate), and writes the events if and only if it does.
	// ErrEmailTaken, ErrUsernameTaken, ErrExternalIDTaken; core.ErrNotFound for
	// a role or group that does not exist.
	Create(ctx context.Context, user User, events ...audit.Event) error
	// Find gives a user of any status, with roles and password. ErrNotFound.
	Find(ctx context.Context, id core.ID) (User, error)
	// FindByIdentifier gives the user that the identifier names, by one statement. ErrNotFound.
	FindByIdentifier(ctx context.Context, identifier Identifier) (User, error)
	// Save writes everything but ID, CreatedAt, Source, Roles, Groups and Protection.SecondFactors where the stored Rev still equals user.Rev,
	// raises Rev by one, journals the change, and returns it. core.ErrConflict when the Rev differs or
	// the user is gone; ErrEmailTaken, ErrUsernameTaken, ErrExternalIDTaken.
	Save(ctx context.Context, user User) (core.Change, error)
	// Rehash replaces the password hash where it still equals old, without raising Rev.
	Rehash(ctx context.Context, id core.ID, old, fresh PasswordHash) error
	// CountOwners counts the active users with RoleOwner, other than the one named. Inside a transaction
	// the users counted are locked (FOR UPDATE) until it ends, so that of two owners who leave at once
	// one waits, or is rolled back and run again, and then finds itself the last.
	CountOwners(ctx context.Context, except core.ID) (int, error)
	// UsernameTaken reports whether a user has the key.
	UsernameTaken(ctx context.Context, key string) (bool, error)
}

// Registrations keeps pending registrations with the codes and links that hang on them.
type Registrations interface {
	// Put adds a registration.
	Put(ctx context.Context, registration Registration) error
	// Find gives a registration that has not expired. ErrNotFound.
	Find(ctx context.Context, id core.ID, now time.Time) (Registration, error)
	// ByEmail lists the live registrations of an address, newest first, ten at most.
	ByEmail(ctx context.Context, emailKey string, now time.Time) ([]Registration, error)
	// Settle removes every registration of the address, and with them their codes and links.
	Settle(ctx context.Context, emailKey string) error
}
