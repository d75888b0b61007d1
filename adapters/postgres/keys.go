package postgres

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/token"
)

// Keys is a token.KeyStore.
type Keys struct{ db *Database }

// Keys gives the store of signing keys.
func (db *Database) Keys() *Keys { return &Keys{db} }

// Keys implements token.KeyStore.
func (k *Keys) Keys(ctx context.Context) ([]token.KeyRecord, error) {
	rows, err := k.db.queries(ctx).SigningKeys(ctx)
	return each(rows, func(row pgdb.SigningKey) token.KeyRecord {
		return token.KeyRecord{
			ID: row.ID, Algorithm: token.Algorithm(row.Algorithm), Public: row.Public, Sealed: row.Sealed,
			CreatedAt: row.CreatedAt, ActiveFrom: row.ActiveFrom, RetireAt: present(row.RetireAt),
		}
	}), translate(err)
}

// AddKey implements token.KeyStore.
func (k *Keys) AddKey(ctx context.Context, key token.KeyRecord, first bool) error {
	return k.db.together(ctx, func(ctx context.Context) error {
		queries := k.db.queries(ctx)
		if first {
			if err := k.requireNone(ctx, queries); err != nil {
				return err
			}
		}
		added, err := queries.InsertSigningKey(ctx, pgdb.InsertSigningKeyParams{
			ID: key.ID, Algorithm: string(key.Algorithm), Public: key.Public, Sealed: key.Sealed,
			CreatedAt: key.CreatedAt, ActiveFrom: key.ActiveFrom, RetireAt: optionalTime(key.RetireAt),
		})
		if err == nil && added == 0 {
			return core.ErrConflict
		}
		return err
	})
}

func (k *Keys) requireNone(ctx context.Context, queries *pgdb.Queries) error {
	if err := queries.LockSigningKeys(ctx); err != nil {
		return err
	}
	count, err := queries.CountSigningKeys(ctx)
	if err == nil && count > 0 {
		return core.ErrConflict
	}
	return err
}

// RetireKeys implements token.KeyStore.
func (k *Keys) RetireKeys(ctx context.Context, except string, at time.Time) error {
	return translate(k.db.queries(ctx).RetireSigningKeys(ctx, pgdb.RetireSigningKeysParams{ExceptID: except, At: &at}))
}
