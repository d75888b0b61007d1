package sqlite

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/token"
)

// Keys is a token.KeyStore.
type Keys struct{ db *Database }

// Keys gives the store of signing keys.
func (db *Database) Keys() *Keys { return &Keys{db} }

// Keys implements token.KeyStore.
func (k *Keys) Keys(ctx context.Context) ([]token.KeyRecord, error) {
	rows, err := k.db.reading(ctx).SigningKeys(ctx)
	return each(rows, func(row litedb.SigningKey) token.KeyRecord {
		return token.KeyRecord{
			ID: row.ID, Algorithm: token.Algorithm(row.Algorithm), Public: row.Public, Sealed: row.Sealed,
			CreatedAt: time.Time(row.CreatedAt), ActiveFrom: time.Time(row.ActiveFrom), RetireAt: presentTime(row.RetireAt),
		}
	}), translate(err)
}

// AddKey implements token.KeyStore.
func (k *Keys) AddKey(ctx context.Context, key token.KeyRecord, first bool) error {
	return k.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		count, err := queries.CountSigningKeys(ctx)
		if err != nil {
			return err
		}
		if first && count > 0 {
			return core.ErrConflict
		}
		added, err := queries.InsertSigningKey(ctx, litedb.InsertSigningKeyParams{
			ID: key.ID, Algorithm: string(key.Algorithm), Public: key.Public, Sealed: key.Sealed,
			CreatedAt: sqltype.Time(key.CreatedAt), ActiveFrom: sqltype.Time(key.ActiveFrom), RetireAt: optionalTime(key.RetireAt),
		})
		if err == nil && added == 0 {
			return core.ErrConflict
		}
		return err
	})
}

// RetireKeys implements token.KeyStore.
func (k *Keys) RetireKeys(ctx context.Context, except string, at time.Time) error {
	return translate(k.db.writing(ctx).RetireSigningKeys(ctx, litedb.RetireSigningKeysParams{ExceptID: except, At: optionalTime(at)}))
}
