package sqlite

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/secret"
)

// PersonalTokens is an apitoken.Tokens.
type PersonalTokens struct{ db *Database }

// PersonalTokens gives the store of personal access tokens.
func (db *Database) PersonalTokens() *PersonalTokens { return &PersonalTokens{db} }

// Put implements apitoken.Tokens.
func (p *PersonalTokens) Put(ctx context.Context, token apitoken.Token) error {
	return p.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		held, err := queries.CountPersonalTokens(ctx, litedb.CountPersonalTokensParams{
			UserID: sqltype.ID(token.UserID), Now: sqltype.Time(token.CreatedAt),
		})
		if err != nil {
			return err
		}
		if held >= apitoken.MaxTokens {
			return apitoken.ErrTooMany
		}
		return queries.InsertPersonalToken(ctx, litedb.InsertPersonalTokenParams{
			ID: sqltype.ID(token.ID), UserID: sqltype.ID(token.UserID), Name: token.Name, Digest: token.Digest[:],
			Hint: token.Hint, Scopes: encodeList(token.Scopes), CreatedAt: sqltype.Time(token.CreatedAt),
			ExpiresAt: sqltype.Time(token.ExpiresAt), LastUsedAt: optionalTime(token.LastUsedAt),
		})
	})
}

// List implements apitoken.Tokens.
func (p *PersonalTokens) List(
	ctx context.Context, user core.ID, now time.Time, page core.Page,
) (_ []apitoken.Token, err error) {
	var rows []litedb.PersonalToken
	if page.After.IsZero() {
		rows, err = p.db.reading(ctx).ListPersonalTokens(ctx, litedb.ListPersonalTokensParams{
			UserID: sqltype.ID(user), Now: sqltype.Time(now), PageLimit: int64(page.Limit),
		})
	} else {
		rows, err = p.db.reading(ctx).ListPersonalTokensAfter(ctx, litedb.ListPersonalTokensAfterParams{
			UserID: sqltype.ID(user), Now: sqltype.Time(now), AfterAt: sqltype.Time(page.After.At),
			AfterID: sqltype.ID(page.After.ID), PageLimit: int64(page.Limit),
		})
	}
	return each(rows, toPersonalToken), translate(err)
}

// Remove implements apitoken.Tokens.
func (p *PersonalTokens) Remove(ctx context.Context, user, id core.ID) error {
	return affected(p.db.writing(ctx).DeletePersonalToken(ctx, litedb.DeletePersonalTokenParams{
		ID: sqltype.ID(id), UserID: sqltype.ID(user),
	}))
}

// RemoveAll implements apitoken.Tokens.
func (p *PersonalTokens) RemoveAll(ctx context.Context, user core.ID) error {
	return translate(p.db.writing(ctx).DeletePersonalTokens(ctx, sqltype.ID(user)))
}

// Use implements apitoken.Tokens. A use is noted by a second statement, at most one every apitoken.UseEvery: readers
// here do not wait for the writer otherwise.
func (p *PersonalTokens) Use(ctx context.Context, digest secret.TokenDigest, now time.Time) (apitoken.Token, error) {
	row, err := p.db.reading(ctx).FindPersonalToken(ctx, litedb.FindPersonalTokenParams{Digest: digest[:], Now: sqltype.Time(now)})
	if err != nil {
		return apitoken.Token{}, translate(err)
	}
	used, recent := toPersonalToken(row), now.Add(-apitoken.UseEvery)
	if used.LastUsedAt.Before(recent) {
		p.db.noteUse(ctx, func(ctx context.Context, queries *litedb.Queries) error {
			return queries.NotePersonalToken(ctx, litedb.NotePersonalTokenParams{
				ID: row.ID, Now: optionalTime(now), Recent: optionalTime(recent),
			})
		})
	}
	return used, nil
}

// noteWait is how long a use waits for the one writer to be noted; beside another process it is Config.BusyTimeout.
const noteWait = time.Second

// noteUse notes a use, or does not: whoever may read is not kept from it by what others write, and the next use is
// noted. That the writer was busy is no news.
func (db *Database) noteUse(ctx context.Context, note func(ctx context.Context, queries *litedb.Queries) error) {
	ctx, cancel := context.WithTimeout(ctx, noteWait)
	defer cancel()
	if err := note(ctx, db.writing(ctx)); err != nil && ctx.Err() == nil && !busy(err) {
		db.config.Log.WarnContext(ctx, "the use of a token was not noted", "error", err)
	}
}

func toPersonalToken(row litedb.PersonalToken) apitoken.Token {
	return apitoken.Token{
		ID: core.ID(row.ID), UserID: core.ID(row.UserID), Name: row.Name, Digest: secret.TokenDigest(row.Digest),
		Hint: row.Hint, Scopes: decodeList(row.Scopes), CreatedAt: time.Time(row.CreatedAt),
		ExpiresAt: time.Time(row.ExpiresAt), LastUsedAt: presentTime(row.LastUsedAt),
	}
}

// ServiceAccounts is an apitoken.ServiceAccounts, and so an access.Services.
type ServiceAccounts struct{ db *Database }

// ServiceAccounts gives the store of service accounts.
func (db *Database) ServiceAccounts() *ServiceAccounts { return &ServiceAccounts{db} }

// Create implements apitoken.ServiceAccounts.
func (s *ServiceAccounts) Create(ctx context.Context, account apitoken.ServiceAccount) error {
	return s.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		held, err := queries.CountServiceAccounts(ctx)
		if err != nil {
			return err
		}
		if held >= apitoken.MaxServices {
			return apitoken.ErrTooManyServices
		}
		return queries.InsertServiceAccount(ctx, litedb.InsertServiceAccountParams{
			ID: sqltype.ID(account.ID), Name: account.Name, Description: account.Description,
			Scopes: encodeList(account.Scopes), Disabled: account.Disabled, CreatedBy: optionalID(account.CreatedBy),
			CreatedAt: sqltype.Time(account.CreatedAt), UpdatedAt: sqltype.Time(account.UpdatedAt),
		})
	})
}

// Find implements apitoken.ServiceAccounts.
func (s *ServiceAccounts) Find(ctx context.Context, id core.ID) (apitoken.ServiceAccount, error) {
	row, err := s.db.reading(ctx).FindServiceAccount(ctx, sqltype.ID(id))
	if err != nil {
		return apitoken.ServiceAccount{}, translate(err)
	}
	return toServiceAccount(row), nil
}

// List implements apitoken.ServiceAccounts.
func (s *ServiceAccounts) List(ctx context.Context, page core.Page) (_ []apitoken.ServiceAccount, err error) {
	var rows []litedb.ServiceAccount
	if page.After.IsZero() {
		rows, err = s.db.reading(ctx).ListServiceAccounts(ctx, int64(page.Limit))
	} else {
		rows, err = s.db.reading(ctx).ListServiceAccountsAfter(ctx, litedb.ListServiceAccountsAfterParams{
			AfterAt: sqltype.Time(page.After.At), AfterID: sqltype.ID(page.After.ID), PageLimit: int64(page.Limit),
		})
	}
	return each(rows, toServiceAccount), translate(err)
}

// Save implements apitoken.ServiceAccounts.
func (s *ServiceAccounts) Save(ctx context.Context, account apitoken.ServiceAccount) error {
	return affected(s.db.writing(ctx).UpdateServiceAccount(ctx, litedb.UpdateServiceAccountParams{
		ID: sqltype.ID(account.ID), Name: account.Name, Description: account.Description,
		Scopes: encodeList(account.Scopes), Disabled: account.Disabled, UpdatedAt: sqltype.Time(account.UpdatedAt),
	}))
}

// Remove implements apitoken.ServiceAccounts.
func (s *ServiceAccounts) Remove(ctx context.Context, id core.ID) error {
	return affected(s.db.writing(ctx).DeleteServiceAccount(ctx, sqltype.ID(id)))
}

// Scopes implements apitoken.ServiceAccounts.
func (s *ServiceAccounts) Scopes(ctx context.Context, id core.ID) ([]string, error) {
	account, err := s.Find(ctx, id)
	if err == nil && account.Disabled {
		err = core.ErrNotFound
	}
	return account.Scopes, err
}

func toServiceAccount(row litedb.ServiceAccount) apitoken.ServiceAccount {
	return apitoken.ServiceAccount{
		ID: core.ID(row.ID), Name: row.Name, Description: row.Description, Scopes: decodeList(row.Scopes),
		Disabled: row.Disabled, CreatedBy: core.ID(present(row.CreatedBy)), CreatedAt: time.Time(row.CreatedAt),
		UpdatedAt: time.Time(row.UpdatedAt),
	}
}

// ServiceKeys is an apitoken.Keys.
type ServiceKeys struct{ db *Database }

// ServiceKeys gives the store of the keys of service accounts.
func (db *Database) ServiceKeys() *ServiceKeys { return &ServiceKeys{db} }

// Put implements apitoken.Keys.
func (k *ServiceKeys) Put(ctx context.Context, key apitoken.Key) error {
	return k.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		held, err := queries.CountServiceKeys(ctx, litedb.CountServiceKeysParams{
			ServiceAccountID: sqltype.ID(key.ServiceID), Now: optionalTime(key.CreatedAt),
		})
		if err != nil {
			return err
		}
		if held >= apitoken.MaxKeys {
			return apitoken.ErrTooMany
		}
		return queries.InsertServiceKey(ctx, litedb.InsertServiceKeyParams{
			ID: sqltype.ID(key.ID), ServiceAccountID: sqltype.ID(key.ServiceID), Digest: key.Digest[:], Hint: key.Hint,
			CreatedAt: sqltype.Time(key.CreatedAt), ExpiresAt: optionalTime(key.ExpiresAt),
			LastUsedAt: optionalTime(key.LastUsedAt),
		})
	})
}

// List implements apitoken.Keys.
func (k *ServiceKeys) List(ctx context.Context, service core.ID, now time.Time) ([]apitoken.Key, error) {
	rows, err := k.db.reading(ctx).ListServiceKeys(ctx, litedb.ListServiceKeysParams{
		ServiceAccountID: sqltype.ID(service), Now: optionalTime(now),
	})
	return each(rows, toServiceKey), translate(err)
}

// Remove implements apitoken.Keys.
func (k *ServiceKeys) Remove(ctx context.Context, service, id core.ID) error {
	return affected(k.db.writing(ctx).DeleteServiceKey(ctx, litedb.DeleteServiceKeyParams{
		ID: sqltype.ID(id), ServiceAccountID: sqltype.ID(service),
	}))
}

// Use implements apitoken.Keys, as PersonalTokens.Use does.
func (k *ServiceKeys) Use(
	ctx context.Context, digest secret.TokenDigest, now time.Time,
) (apitoken.Key, apitoken.ServiceAccount, error) {
	row, err := k.db.reading(ctx).FindServiceKey(ctx, litedb.FindServiceKeyParams{Digest: digest[:], Now: optionalTime(now)})
	if err != nil {
		return apitoken.Key{}, apitoken.ServiceAccount{}, translate(err)
	}
	used, recent := toServiceKey(row.ServiceAccountKey), now.Add(-apitoken.UseEvery)
	if used.LastUsedAt.Before(recent) {
		k.db.noteUse(ctx, func(ctx context.Context, queries *litedb.Queries) error {
			return queries.NoteServiceKey(ctx, litedb.NoteServiceKeyParams{
				ID: row.ServiceAccountKey.ID, Now: optionalTime(now), Recent: optionalTime(recent),
			})
		})
	}
	return used, toServiceAccount(row.ServiceAccount), nil
}

func toServiceKey(row litedb.ServiceAccountKey) apitoken.Key {
	return apitoken.Key{
		ID: core.ID(row.ID), ServiceID: core.ID(row.ServiceAccountID), Digest: secret.TokenDigest(row.Digest),
		Hint: row.Hint, CreatedAt: time.Time(row.CreatedAt), ExpiresAt: presentTime(row.ExpiresAt),
		LastUsedAt: presentTime(row.LastUsedAt),
	}
}
