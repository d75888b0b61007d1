package wire

import (
	"context"

	"go.uber.org/fx"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/directory"
)

// Accounts are the use cases that operators have for single accounts.
type Accounts struct {
	fx.In
	Directory *directory.Service
	Users     account.Store
}

// Find gives the account with the address or username. core.ErrNotFound.
func (a Accounts) Find(ctx context.Context, identifier string) (account.User, error) {
	parsed, ok := account.ParseIdentifier(identifier)
	if !ok {
		return account.User{}, core.ErrNotFound
	}
	return a.Users.FindByIdentifier(ctx, parsed)
}
