package apitoken

import (
	"context"
	"slices"

	"github.com/doorward/doorward/core"
)

// Grants tells which permissions service accounts have. It is an access.Grants.
type Grants struct{ Accounts ServiceAccounts }

// Granted reports whether a service account has the scope. It looks at all of them, MaxServices at the most: it is asked
// when a permission is removed, which is rare. Errors are those of ServiceAccounts.
func (g Grants) Granted(ctx context.Context, key string) (bool, error) {
	page := core.Page{Limit: core.PageLimitMax}
	for {
		accounts, err := g.Accounts.List(ctx, page)
		if err != nil {
			return false, err
		}
		for _, account := range accounts {
			if slices.Contains(account.Scopes, key) {
				return true, nil
			}
		}
		if len(accounts) < page.Limit {
			return false, nil
		}
		last := accounts[len(accounts)-1]
		page.After = core.Position{At: last.CreatedAt, ID: last.ID}
	}
}
