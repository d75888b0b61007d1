package apitoken

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/secret"
)

// Tokens keeps personal access tokens. It reads and writes the primary.
type Tokens interface {
	// Put adds a token of a user who has fewer than MaxTokens that have not expired at its CreatedAt, also when many
	// are added at once. The user is locked until ctx's transaction ends: who changes them, and takes their tokens away,
	// comes before, and is seen by what is read after Put, or comes after, and takes this one too. ErrTooMany;
	// core.ErrNotFound when the user is gone.
	Put(ctx context.Context, token Token) error
	// List gives up to page.Limit tokens of a user that have not expired, newest first (by CreatedAt, then ID, both
	// descending), behind page.After.
	List(ctx context.Context, user core.ID, now time.Time, page core.Page) ([]Token, error)
	// Remove removes one token of the user. core.ErrNotFound when the user has no such token.
	Remove(ctx context.Context, user, id core.ID) error
	// RemoveAll removes every token of the user.
	RemoveAll(ctx context.Context, user core.ID) error
	// Use gives the token of the digest that has not expired at now, by one statement, so that one that is removed is
	// good nowhere from that moment on. It sets LastUsedAt to now where that is more than UseEvery ago; what it gives
	// may be as before. Noting waits for nobody, or for a moment: a use that others keep from being noted is not
	// noted, and is answered like any other. core.ErrNotFound.
	Use(ctx context.Context, digest secret.TokenDigest, now time.Time) (Token, error)
}

// ServiceAccounts keeps service accounts. Names are unique. It reads and writes the primary, and is an access.Services.
type ServiceAccounts interface {
	// Create adds a service account. access.ErrNameTaken; ErrTooManyServices beyond MaxServices.
	Create(ctx context.Context, account ServiceAccount) error
	// Find gives a service account. core.ErrNotFound.
	Find(ctx context.Context, id core.ID) (ServiceAccount, error)
	// List gives up to page.Limit service accounts, newest first (by CreatedAt, then ID, both descending), behind
	// page.After.
	List(ctx context.Context, page core.Page) ([]ServiceAccount, error)
	// Save overwrites all but ID, CreatedBy and CreatedAt. access.ErrNameTaken, core.ErrNotFound.
	Save(ctx context.Context, account ServiceAccount) error
	// Remove removes a service account with its keys. core.ErrNotFound.
	Remove(ctx context.Context, id core.ID) error
	// Scopes gives those of a service account that is enabled. core.ErrNotFound.
	Scopes(ctx context.Context, id core.ID) ([]string, error)
}

// Keys keeps the keys of service accounts. It reads and writes the primary.
type Keys interface {
	// Put adds a key of a service account that has fewer than MaxKeys that have not expired at its CreatedAt, also
	// when many are added at once. ErrTooMany; core.ErrNotFound when the service account is gone.
	Put(ctx context.Context, key Key) error
	// List gives the keys of a service account that have not expired, newest first (by CreatedAt, then ID, both
	// descending).
	List(ctx context.Context, service core.ID, now time.Time) ([]Key, error)
	// Remove removes one key of the service account. core.ErrNotFound when it has no such key.
	Remove(ctx context.Context, service, id core.ID) error
	// Use gives the key of the digest that has not expired at now with its service account, which is enabled; in all
	// else it is as Tokens.Use. core.ErrNotFound.
	Use(ctx context.Context, digest secret.TokenDigest, now time.Time) (Key, ServiceAccount, error)
}

// Users is what is read of accounts. An account.Store is one.
type Users interface {
	// Find gives a user of any status. core.ErrNotFound.
	Find(ctx context.Context, id core.ID) (account.User, error)
}
