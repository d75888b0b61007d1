// Package apitokentest proves that stores keep the contracts of apitoken's ports. Tokens, ServiceAccounts and Keys are
// the fakes that tests of use cases run on; they pass the same suite.
package apitokentest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/secret"
)

// Tokens is apitoken.Tokens in memory. It takes part in the transactions of its database.
type Tokens struct {
	db    *coretest.Database
	users apitoken.Users
	rows  *coretest.Table[core.ID, apitoken.Token]
}

var _ apitoken.Tokens = (*Tokens)(nil)

// NewTokens makes an empty store whose users are those of the given fake, which must live in the same database.
func NewTokens(db *coretest.Database, users apitoken.Users) *Tokens {
	m := &Tokens{db: db, users: users, rows: coretest.NewTable[core.ID, apitoken.Token](db)}
	db.OnRemoved(func(subject string, id core.ID) {
		if subject == "user" {
			m.removeOf(id)
		}
	})
	coretest.Expires(db, "tokens", m.rows, func(t apitoken.Token) time.Time { return t.ExpiresAt }, nil)
	return m
}

func (m *Tokens) removeOf(user core.ID) {
	for id, token := range m.rows.All() {
		if token.UserID == user {
			m.rows.Delete(id)
		}
	}
}

// Put implements apitoken.Tokens. Its refusal dooms no transaction around it.
func (m *Tokens) Put(ctx context.Context, token apitoken.Token) error {
	token.Scopes = slices.Clone(token.Scopes)
	var refusal error
	err := m.db.InTx(ctx, func(ctx context.Context) error {
		_, refusal = m.users.Find(ctx, token.UserID)
		if refusal == nil && len(m.live(token.UserID, token.CreatedAt)) >= apitoken.MaxTokens {
			refusal = apitoken.ErrTooMany
		}
		if refusal == nil {
			m.rows.Put(token.ID, token)
		}
		return nil
	})
	return cmp.Or(err, refusal)
}

// live gives the tokens of a user that have not expired, newest first. Call it inside Do.
func (m *Tokens) live(user core.ID, now time.Time) []apitoken.Token {
	return m.rows.Rows(
		func(t apitoken.Token) bool { return t.UserID == user && now.Before(t.ExpiresAt) },
		func(a, b apitoken.Token) int { return newest(a.CreatedAt, b.CreatedAt, a.ID, b.ID) },
	)
}

func newest(a, b time.Time, aID, bID core.ID) int {
	return cmp.Or(b.Compare(a), coretest.CompareIDs(bID, aID))
}

// behind gives a page of a list that is sorted newest first.
func behind[T any](rows []T, page core.Page, at func(T) (time.Time, core.ID)) (part []T) {
	for _, row := range rows {
		created, id := at(row)
		if page.After.IsZero() || newest(page.After.At, created, page.After.ID, id) < 0 {
			part = append(part, row)
		}
	}
	return part[:min(page.Limit, len(part))]
}

// List implements apitoken.Tokens.
func (m *Tokens) List(ctx context.Context, user core.ID, now time.Time, page core.Page) (listed []apitoken.Token, err error) {
	err = m.db.Do(ctx, func() error {
		listed = behind(m.live(user, now), page, func(t apitoken.Token) (time.Time, core.ID) { return t.CreatedAt, t.ID })
		return nil
	})
	return listed, err
}

// Remove implements apitoken.Tokens.
func (m *Tokens) Remove(ctx context.Context, user, id core.ID) error {
	return m.db.Do(ctx, func() error {
		if token, found := m.rows.Get(id); !found || token.UserID != user {
			return core.ErrNotFound
		}
		m.rows.Delete(id)
		return nil
	})
}

// RemoveAll implements apitoken.Tokens.
func (m *Tokens) RemoveAll(ctx context.Context, user core.ID) error {
	return m.db.Do(ctx, func() error {
		m.removeOf(user)
		return nil
	})
}

// stale reports whether a use at now is to be noted.
func stale(last, now time.Time) bool { return last.Before(now.Add(-apitoken.UseEvery)) }

// Use implements apitoken.Tokens.
func (m *Tokens) Use(ctx context.Context, digest secret.TokenDigest, now time.Time) (used apitoken.Token, err error) {
	err = m.db.Do(ctx, func() error {
		for id, token := range m.rows.All() {
			if token.Digest != digest || !now.Before(token.ExpiresAt) {
				continue
			}
			used = token
			if stale(token.LastUsedAt, now) {
				token.LastUsedAt = now
				m.rows.Put(id, token)
			}
			return nil
		}
		return core.ErrNotFound
	})
	return used, err
}

// ServiceAccounts is apitoken.ServiceAccounts in memory, with the Keys that hang on them.
type ServiceAccounts struct {
	db   *coretest.Database
	rows *coretest.Table[core.ID, apitoken.ServiceAccount]
	keys *coretest.Table[core.ID, apitoken.Key]
}

var (
	_ apitoken.ServiceAccounts = (*ServiceAccounts)(nil)
	_ access.Services          = (*ServiceAccounts)(nil)
)

// NewServiceAccounts makes an empty store.
func NewServiceAccounts(db *coretest.Database) *ServiceAccounts {
	m := &ServiceAccounts{
		db: db, rows: coretest.NewTable[core.ID, apitoken.ServiceAccount](db), keys: coretest.NewTable[core.ID, apitoken.Key](db),
	}
	coretest.Expires(db, "service_keys", m.keys, func(k apitoken.Key) time.Time { return k.ExpiresAt }, nil)
	return m
}

// taken reports whether another service account has the name.
func (m *ServiceAccounts) taken(account apitoken.ServiceAccount) bool {
	for id, other := range m.rows.All() {
		if id != account.ID && other.Name == account.Name {
			return true
		}
	}
	return false
}

// Create implements apitoken.ServiceAccounts.
func (m *ServiceAccounts) Create(ctx context.Context, account apitoken.ServiceAccount) error {
	account.Scopes = slices.Clone(account.Scopes)
	return m.db.Do(ctx, func() error {
		switch {
		case m.taken(account):
			return access.ErrNameTaken
		case m.rows.Len() >= apitoken.MaxServices:
			return apitoken.ErrTooManyServices
		}
		m.rows.Put(account.ID, account)
		return nil
	})
}

// Find implements apitoken.ServiceAccounts.
func (m *ServiceAccounts) Find(ctx context.Context, id core.ID) (account apitoken.ServiceAccount, err error) {
	err = m.db.Do(ctx, func() error {
		stored, found := m.rows.Get(id)
		if !found {
			return core.ErrNotFound
		}
		account = stored
		return nil
	})
	return account, err
}

// List implements apitoken.ServiceAccounts.
func (m *ServiceAccounts) List(ctx context.Context, page core.Page) (listed []apitoken.ServiceAccount, err error) {
	err = m.db.Do(ctx, func() error {
		all := m.rows.Rows(func(apitoken.ServiceAccount) bool { return true },
			func(a, b apitoken.ServiceAccount) int { return newest(a.CreatedAt, b.CreatedAt, a.ID, b.ID) })
		listed = behind(all, page, func(a apitoken.ServiceAccount) (time.Time, core.ID) { return a.CreatedAt, a.ID })
		return nil
	})
	return listed, err
}

// Save implements apitoken.ServiceAccounts.
func (m *ServiceAccounts) Save(ctx context.Context, account apitoken.ServiceAccount) error {
	return m.db.Do(ctx, func() error {
		stored, found := m.rows.Get(account.ID)
		switch {
		case !found:
			return core.ErrNotFound
		case m.taken(account):
			return access.ErrNameTaken
		}
		account.CreatedBy, account.CreatedAt = stored.CreatedBy, stored.CreatedAt
		account.Scopes = slices.Clone(account.Scopes)
		m.rows.Put(account.ID, account)
		return nil
	})
}

// Remove implements apitoken.ServiceAccounts.
func (m *ServiceAccounts) Remove(ctx context.Context, id core.ID) error {
	return m.db.Do(ctx, func() error {
		if !m.rows.Delete(id) {
			return core.ErrNotFound
		}
		for key, row := range m.keys.All() {
			if row.ServiceID == id {
				m.keys.Delete(key)
			}
		}
		return nil
	})
}

// Scopes implements apitoken.ServiceAccounts.
func (m *ServiceAccounts) Scopes(ctx context.Context, id core.ID) ([]string, error) {
	account, err := m.Find(ctx, id)
	if err == nil && account.Disabled {
		err = core.ErrNotFound
	}
	return account.Scopes, err
}

// Keys gives the store of the keys.
func (m *ServiceAccounts) Keys() *Keys { return &Keys{m} }

// Keys is apitoken.Keys in memory.
type Keys struct{ accounts *ServiceAccounts }

var _ apitoken.Keys = (*Keys)(nil)

// Put implements apitoken.Keys.
func (m *Keys) Put(ctx context.Context, key apitoken.Key) error {
	return m.accounts.db.Do(ctx, func() error {
		if _, found := m.accounts.rows.Get(key.ServiceID); !found {
			return core.ErrNotFound
		}
		if len(m.live(key.ServiceID, key.CreatedAt)) >= apitoken.MaxKeys {
			return apitoken.ErrTooMany
		}
		m.accounts.keys.Put(key.ID, key)
		return nil
	})
}

func good(key apitoken.Key, now time.Time) bool {
	return key.ExpiresAt.IsZero() || now.Before(key.ExpiresAt)
}

func (m *Keys) live(service core.ID, now time.Time) []apitoken.Key {
	return m.accounts.keys.Rows(
		func(k apitoken.Key) bool { return k.ServiceID == service && good(k, now) },
		func(a, b apitoken.Key) int { return newest(a.CreatedAt, b.CreatedAt, a.ID, b.ID) },
	)
}

// List implements apitoken.Keys.
func (m *Keys) List(ctx context.Context, service core.ID, now time.Time) (listed []apitoken.Key, err error) {
	err = m.accounts.db.Do(ctx, func() error {
		listed = m.live(service, now)
		return nil
	})
	return listed, err
}

// Remove implements apitoken.Keys.
func (m *Keys) Remove(ctx context.Context, service, id core.ID) error {
	return m.accounts.db.Do(ctx, func() error {
		if key, found := m.accounts.keys.Get(id); !found || key.ServiceID != service {
			return core.ErrNotFound
		}
		m.accounts.keys.Delete(id)
		return nil
	})
}

// Use implements apitoken.Keys.
func (m *Keys) Use(
	ctx context.Context, digest secret.TokenDigest, now time.Time,
) (used apitoken.Key, account apitoken.ServiceAccount, err error) {
	err = m.accounts.db.Do(ctx, func() error {
		for id, key := range m.accounts.keys.All() {
			if key.Digest != digest || !good(key, now) {
				continue
			}
			if account, _ = m.accounts.rows.Get(key.ServiceID); account.Disabled {
				break
			}
			used = key
			if stale(key.LastUsedAt, now) {
				key.LastUsedAt = now
				m.accounts.keys.Put(id, key)
			}
			return nil
		}
		account = apitoken.ServiceAccount{}
		return core.ErrNotFound
	})
	return used, account, err
}
