// Package tokentest holds the contract suite of the key store and the in-memory fake of it.
package tokentest

import (
	"cmp"
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/token"
)

// KeyStore is a token.KeyStore in memory.
type KeyStore struct {
	db   *coretest.Database
	keys *coretest.Table[string, token.KeyRecord]
}

// NewKeyStore makes an empty store that takes part in the database's transactions.
func NewKeyStore(db *coretest.Database) *KeyStore {
	store := &KeyStore{db: db, keys: coretest.NewTable[string, token.KeyRecord](db)}
	coretest.Expires(db, "signing_keys", store.keys, func(key token.KeyRecord) time.Time { return key.RetireAt }, nil)
	return store
}

// Keys implements token.KeyStore.
func (s *KeyStore) Keys(ctx context.Context) (keys []token.KeyRecord, err error) {
	err = s.db.Do(ctx, func() error {
		keys = s.keys.Rows(
			func(token.KeyRecord) bool { return true },
			func(a, b token.KeyRecord) int {
				return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
			})
		return nil
	})
	return keys, err
}

// AddKey implements token.KeyStore.
func (s *KeyStore) AddKey(ctx context.Context, key token.KeyRecord, first bool) error {
	return s.db.Do(ctx, func() error {
		if _, exists := s.keys.Get(key.ID); exists || first && s.keys.Len() > 0 {
			return core.ErrConflict
		}
		s.keys.Put(key.ID, key)
		return nil
	})
}

// RetireKeys implements token.KeyStore.
func (s *KeyStore) RetireKeys(ctx context.Context, except string, at time.Time) error {
	return s.db.Do(ctx, func() error {
		for id, key := range s.keys.All() {
			if id != except && key.RetireAt.IsZero() {
				key.RetireAt = at
				s.keys.Put(id, key)
			}
		}
		return nil
	})
}
