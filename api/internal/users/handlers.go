// Package users answers the operations of the tag users: those of administrators upon accounts, and the profiles that
// people show.
package users

import (
	"context"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
	"github.com/doorward/doorward/core/session"
)

// Handlers answer the operations. All of its members are needed; *directory.Service is each of them.
type Handlers struct {
	Finder Finder
	Keeper Keeper
	Helper Helper
}

// Finder finds users, and what belongs to them.
type Finder interface {
	List(ctx context.Context, listing directory.Listing) (directory.Page, error)
	Search(ctx context.Context, typed string, search directory.Search) (directory.Page, error)
	Many(ctx context.Context, ids []core.ID) ([]account.User, error)
	Find(ctx context.Context, id core.ID) (account.User, error)
	Profile(ctx context.Context, viewer access.Rights, id core.ID) (account.User, error)
	Sessions(ctx context.Context, user core.ID, page core.Page) (sessions []session.Session, next core.Position, err error)
}

// Keeper opens, changes and closes accounts.
type Keeper interface {
	Create(ctx context.Context, by directory.By, asked directory.NewUser) (account.User, error)
	Update(ctx context.Context, by directory.By, id core.ID, change directory.Change) (account.User, error)
	Suspend(ctx context.Context, by directory.By, id core.ID) (account.User, error)
	Restore(ctx context.Context, by directory.By, id core.ID) (account.User, error)
	Delete(ctx context.Context, by directory.By, id core.ID) (account.User, error)
	VerifyEmail(ctx context.Context, by directory.By, id core.ID) (account.User, error)
}

// Helper helps those who are locked out, and locks out who should not be in.
type Helper interface {
	Unlock(ctx context.Context, by directory.By, id core.ID) error
	ForceReset(ctx context.Context, by directory.By, id core.ID) error
	RequireFactor(ctx context.Context, by directory.By, id core.ID, required bool) error
	RemoveFactors(ctx context.Context, by directory.By, id core.ID) error
	EndSessions(ctx context.Context, by directory.By, id core.ID) error
	EndSession(ctx context.Context, by directory.By, id, session core.ID) error
}

// by is the caller with the reason that the request gives.
func by(ctx context.Context, reason string) (directory.By, error) {
	who, err := caller.Of(ctx)
	return directory.Caller(who.Principal, reason), err
}
