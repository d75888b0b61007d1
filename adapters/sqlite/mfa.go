package sqlite

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/sqlite/litedb"
	"github.com/doorward/doorward/adapters/sqlite/sqltype"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mfa"
)

// Factors is an mfa.Store.
type Factors struct{ db *Database }

// Factors gives the store of second factors.
func (db *Database) Factors() *Factors { return &Factors{db} }

// Add implements mfa.Store.
func (f *Factors) Add(ctx context.Context, factor mfa.Factor) error {
	return f.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		held, err := queries.CountFactors(ctx, sqltype.ID(factor.UserID))
		if err != nil {
			return err
		}
		if held >= mfa.MaxFactors {
			return core.ErrConflict
		}
		return queries.InsertFactor(ctx, insertFactorParams(factor))
	})
}

func insertFactorParams(factor mfa.Factor) litedb.InsertFactorParams {
	return litedb.InsertFactorParams{
		ID: sqltype.ID(factor.ID), UserID: sqltype.ID(factor.UserID), Kind: string(factor.Kind),
		Label: factor.Label, Sealed: factor.Sealed, LastStep: factor.LastStep,
		CreatedAt: sqltype.Time(factor.CreatedAt), ConfirmedAt: optionalTime(factor.ConfirmedAt),
		LastUsedAt: optionalTime(factor.LastUsedAt),
	}
}

// List implements mfa.Store.
func (f *Factors) List(ctx context.Context, user core.ID) ([]mfa.Factor, error) {
	rows, err := f.db.reading(ctx).ListFactors(ctx, sqltype.ID(user))
	return each(rows, func(row litedb.Factor) mfa.Factor {
		return mfa.Factor{
			ID: core.ID(row.ID), UserID: core.ID(row.UserID), Kind: mfa.Kind(row.Kind), Label: row.Label,
			Sealed: row.Sealed, LastStep: row.LastStep, CreatedAt: time.Time(row.CreatedAt),
			ConfirmedAt: presentTime(row.ConfirmedAt), LastUsedAt: presentTime(row.LastUsedAt),
		}
	}), translate(err)
}

// Confirm implements mfa.Store.
func (f *Factors) Confirm(ctx context.Context, user, id core.ID, step int64, since, now time.Time) error {
	return affected(f.db.writing(ctx).ConfirmFactor(ctx, litedb.ConfirmFactorParams{
		ID: sqltype.ID(id), UserID: sqltype.ID(user), Step: step, Since: sqltype.Time(since), Now: optionalTime(now),
	}))
}

// Use implements mfa.Store.
func (f *Factors) Use(ctx context.Context, user, id core.ID, step int64, now time.Time) error {
	return affected(f.db.writing(ctx).UseFactor(ctx, litedb.UseFactorParams{
		ID: sqltype.ID(id), UserID: sqltype.ID(user), Step: step, Now: optionalTime(now),
	}))
}

// Remove implements mfa.Store.
func (f *Factors) Remove(ctx context.Context, user, id core.ID) error {
	return affected(f.db.writing(ctx).DeleteFactor(ctx, litedb.DeleteFactorParams{
		ID: sqltype.ID(id), UserID: sqltype.ID(user),
	}))
}

// RemoveSince implements mfa.Store.
func (f *Factors) RemoveSince(ctx context.Context, user core.ID, since time.Time) (int, error) {
	removed, err := f.db.writing(ctx).DeleteFactorsSince(ctx, litedb.DeleteFactorsSinceParams{
		UserID: sqltype.ID(user), Since: sqltype.Time(since),
	})
	return int(removed), translate(err)
}

// RecoveryCodes is an mfa.RecoveryCodes.
type RecoveryCodes struct{ db *Database }

// RecoveryCodes gives the store of the digests of recovery codes.
func (db *Database) RecoveryCodes() *RecoveryCodes { return &RecoveryCodes{db} }

// Replace implements mfa.RecoveryCodes.
func (r *RecoveryCodes) Replace(ctx context.Context, user core.ID, digests [][]byte, now time.Time) error {
	return r.db.together(ctx, func(ctx context.Context, queries *litedb.Queries) error {
		if err := queries.DeleteRecoveryCodes(ctx, sqltype.ID(user)); err != nil {
			return err
		}
		for _, digest := range digests {
			err := queries.InsertRecoveryCode(ctx, litedb.InsertRecoveryCodeParams{
				UserID: sqltype.ID(user), Digest: digest, CreatedAt: sqltype.Time(now),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// List implements mfa.RecoveryCodes.
func (r *RecoveryCodes) List(ctx context.Context, user core.ID) ([][]byte, error) {
	digests, err := r.db.reading(ctx).ListRecoveryCodes(ctx, sqltype.ID(user))
	return digests, translate(err)
}

// Use implements mfa.RecoveryCodes.
func (r *RecoveryCodes) Use(ctx context.Context, user core.ID, digest []byte) error {
	return affected(r.db.writing(ctx).DeleteRecoveryCode(ctx, litedb.DeleteRecoveryCodeParams{
		UserID: sqltype.ID(user), Digest: digest,
	}))
}
