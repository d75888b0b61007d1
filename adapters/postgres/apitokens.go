package postgres

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/secret"
)

// PersonalTokens is an apitoken.Tokens.
type PersonalTokens struct{ db *Database }

// PersonalTokens gives the store of personal access tokens.
func (db *Database) PersonalTokens() *PersonalTokens { return &PersonalTokens{db} }

// Put implements apitoken.Tokens. The user is locked, so that tokens are counted one after another.
func (p *PersonalTokens) Put(ctx context.Context, token apitoken.Token) error {
	return p.db.guarded(ctx, func(ctx context.Context) error {
		queries := p.db.queries(ctx)
		if err := queries.LockUser(ctx, token.UserID); err != nil {
			return err
		}
		held, err := queries.CountPersonalTokens(ctx, pgdb.CountPersonalTokensParams{UserID: token.UserID, Now: token.CreatedAt})
		if err != nil {
			return err
		}
		if held >= apitoken.MaxTokens {
			return apitoken.ErrTooMany
		}
		return queries.InsertPersonalToken(ctx, pgdb.InsertPersonalTokenParams{
			ID: token.ID, UserID: token.UserID, Name: token.Name, Digest: token.Digest[:], Hint: token.Hint,
			Scopes: texts(token.Scopes), CreatedAt: token.CreatedAt, ExpiresAt: token.ExpiresAt,
			LastUsedAt: optionalTime(token.LastUsedAt),
		})
	})
}

// List implements apitoken.Tokens.
func (p *PersonalTokens) List(
	ctx context.Context, user core.ID, now time.Time, page core.Page,
) (_ []apitoken.Token, err error) {
	var rows []pgdb.PersonalToken
	if page.After.IsZero() {
		rows, err = p.db.queries(ctx).ListPersonalTokens(ctx, pgdb.ListPersonalTokensParams{
			UserID: user, Now: now, PageLimit: limit32(page.Limit),
		})
	} else {
		rows, err = p.db.queries(ctx).ListPersonalTokensAfter(ctx, pgdb.ListPersonalTokensAfterParams{
			UserID: user, Now: now, AfterAt: page.After.At, AfterID: page.After.ID, PageLimit: limit32(page.Limit),
		})
	}
	return each(rows, toPersonalToken), translate(err)
}

// Remove implements apitoken.Tokens.
func (p *PersonalTokens) Remove(ctx context.Context, user, id core.ID) error {
	return affected(p.db.queries(ctx).DeletePersonalToken(ctx, pgdb.DeletePersonalTokenParams{ID: id, UserID: user}))
}

// RemoveAll implements apitoken.Tokens.
func (p *PersonalTokens) RemoveAll(ctx context.Context, user core.ID) error {
	return translate(p.db.queries(ctx).DeletePersonalTokens(ctx, user))
}

// Use implements apitoken.Tokens.
func (p *PersonalTokens) Use(ctx context.Context, digest secret.TokenDigest, now time.Time) (apitoken.Token, error) {
	row, err := p.db.queries(ctx).UsePersonalToken(ctx, pgdb.UsePersonalTokenParams{
		Digest: digest[:], Now: now, Recent: now.Add(-apitoken.UseEvery),
	})
	if err != nil {
		return apitoken.Token{}, translate(err)
	}
	return toPersonalToken(row), nil
}

func toPersonalToken(row pgdb.PersonalToken) apitoken.Token {
	return apitoken.Token{
		ID: row.ID, UserID: row.UserID, Name: row.Name, Digest: secret.TokenDigest(row.Digest), Hint: row.Hint,
		Scopes: row.Scopes, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt, LastUsedAt: present(row.LastUsedAt),
	}
}

// ServiceAccounts is an apitoken.ServiceAccounts, and so an access.Services.
type ServiceAccounts struct{ db *Database }

// ServiceAccounts gives the store of service accounts.
func (db *Database) ServiceAccounts() *ServiceAccounts { return &ServiceAccounts{db} }

// Create implements apitoken.ServiceAccounts.
func (s *ServiceAccounts) Create(ctx context.Context, account apitoken.ServiceAccount) error {
	return s.db.guarded(ctx, func(ctx context.Context) error {
		queries := s.db.queries(ctx)
		held, err := queries.CountServiceAccounts(ctx)
		if err != nil {
			return err
		}
		if held >= apitoken.MaxServices {
			return apitoken.ErrTooManyServices
		}
		return queries.InsertServiceAccount(ctx, pgdb.InsertServiceAccountParams{
			ID: account.ID, Name: account.Name, Description: account.Description, Scopes: texts(account.Scopes),
			Disabled: account.Disabled, CreatedBy: optionalID(account.CreatedBy), CreatedAt: account.CreatedAt,
			UpdatedAt: account.UpdatedAt,
		})
	})
}

// Find implements apitoken.ServiceAccounts.
func (s *ServiceAccounts) Find(ctx context.Context, id core.ID) (apitoken.ServiceAccount, error) {
	row, err := s.db.queries(ctx).FindServiceAccount(ctx, id)
	if err != nil {
		return apitoken.ServiceAccount{}, translate(err)
	}
	return toServiceAccount(row), nil
}

// List implements apitoken.ServiceAccounts.
func (s *ServiceAccounts) List(ctx context.Context, page core.Page) (_ []apitoken.ServiceAccount, err error) {
	var rows []pgdb.ServiceAccount
	if page.After.IsZero() {
		rows, err = s.db.queries(ctx).ListServiceAccounts(ctx, limit32(page.Limit))
	} else {
		rows, err = s.db.queries(ctx).ListServiceAccountsAfter(ctx, pgdb.ListServiceAccountsAfterParams{
			AfterAt: page.After.At, AfterID: page.After.ID, PageLimit: limit32(page.Limit),
		})
	}
	return each(rows, toServiceAccount), translate(err)
}

// Save implements apitoken.ServiceAccounts.
func (s *ServiceAccounts) Save(ctx context.Context, account apitoken.ServiceAccount) error {
	return s.db.guarded(ctx, func(ctx context.Context) error {
		return affected(s.db.queries(ctx).UpdateServiceAccount(ctx, pgdb.UpdateServiceAccountParams{
			ID: account.ID, Name: account.Name, Description: account.Description, Scopes: texts(account.Scopes),
			Disabled: account.Disabled, UpdatedAt: account.UpdatedAt,
		}))
	})
}

// Remove implements apitoken.ServiceAccounts.
func (s *ServiceAccounts) Remove(ctx context.Context, id core.ID) error {
	return affected(s.db.queries(ctx).DeleteServiceAccount(ctx, id))
}

// Scopes implements apitoken.ServiceAccounts.
func (s *ServiceAccounts) Scopes(ctx context.Context, id core.ID) ([]string, error) {
	account, err := s.Find(ctx, id)
	if err == nil && account.Disabled {
		err = core.ErrNotFound
	}
	return account.Scopes, err
}

func toServiceAccount(row pgdb.ServiceAccount) apitoken.ServiceAccount {
	return apitoken.ServiceAccount{
		ID: row.ID, Name: row.Name, Description: row.Description, Scopes: row.Scopes, Disabled: row.Disabled,
		CreatedBy: present(row.CreatedBy), CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}

// ServiceKeys is an apitoken.Keys.
type ServiceKeys struct{ db *Database }

// ServiceKeys gives the store of the keys of service accounts.
func (db *Database) ServiceKeys() *ServiceKeys { return &ServiceKeys{db} }

// Put implements apitoken.Keys. The service account is locked, so that keys are counted one after another.
func (k *ServiceKeys) Put(ctx context.Context, key apitoken.Key) error {
	return k.db.guarded(ctx, func(ctx context.Context) error {
		queries := k.db.queries(ctx)
		if _, err := queries.LockServiceAccount(ctx, key.ServiceID); err != nil {
			return err
		}
		held, err := queries.CountServiceKeys(ctx, pgdb.CountServiceKeysParams{
			ServiceAccountID: key.ServiceID, Now: optionalTime(key.CreatedAt),
		})
		if err != nil {
			return err
		}
		if held >= apitoken.MaxKeys {
			return apitoken.ErrTooMany
		}
		return queries.InsertServiceKey(ctx, pgdb.InsertServiceKeyParams{
			ID: key.ID, ServiceAccountID: key.ServiceID, Digest: key.Digest[:], Hint: key.Hint, CreatedAt: key.CreatedAt,
			ExpiresAt: optionalTime(key.ExpiresAt), LastUsedAt: optionalTime(key.LastUsedAt),
		})
	})
}

// List implements apitoken.Keys.
func (k *ServiceKeys) List(ctx context.Context, service core.ID, now time.Time) ([]apitoken.Key, error) {
	rows, err := k.db.queries(ctx).ListServiceKeys(ctx, pgdb.ListServiceKeysParams{
		ServiceAccountID: service, Now: optionalTime(now),
	})
	return each(rows, toServiceKey), translate(err)
}

// Remove implements apitoken.Keys.
func (k *ServiceKeys) Remove(ctx context.Context, service, id core.ID) error {
	return affected(k.db.queries(ctx).DeleteServiceKey(ctx, pgdb.DeleteServiceKeyParams{ID: id, ServiceAccountID: service}))
}

// Use implements apitoken.Keys.
func (k *ServiceKeys) Use(
	ctx context.Context, digest secret.TokenDigest, now time.Time,
) (apitoken.Key, apitoken.ServiceAccount, error) {
	row, err := k.db.queries(ctx).UseServiceKey(ctx, pgdb.UseServiceKeyParams{
		Digest: digest[:], Now: now, Recent: now.Add(-apitoken.UseEvery),
	})
	if err != nil {
		return apitoken.Key{}, apitoken.ServiceAccount{}, translate(err)
	}
	return toServiceKey(row.ServiceAccountKey), toServiceAccount(row.ServiceAccount), nil
}

func toServiceKey(row pgdb.ServiceAccountKey) apitoken.Key {
	return apitoken.Key{
		ID: row.ID, ServiceID: row.ServiceAccountID, Digest: secret.TokenDigest(row.Digest), Hint: row.Hint,
		CreatedAt: row.CreatedAt, ExpiresAt: present(row.ExpiresAt), LastUsedAt: present(row.LastUsedAt),
	}
}
