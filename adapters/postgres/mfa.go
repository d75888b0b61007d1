package postgres

import (
	"context"
	"time"

	"github.com/doorward/doorward/adapters/postgres/pgdb"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mfa"
)

// Factors is an mfa.Store.
type Factors struct{ db *Database }

// Factors gives the store of second factors.
func (db *Database) Factors() *Factors { return &Factors{db} }

// Add implements mfa.Store.
func (f *Factors) Add(ctx context.Context, factor mfa.Factor) error {
	return f.db.guarded(ctx, func(ctx context.Context) error {
		queries := f.db.queries(ctx)
		if err := queries.LockUser(ctx, factor.UserID); err != nil {
			return err
		}
		held, err := queries.CountFactors(ctx, factor.UserID)
		if err != nil {
			return err
		}
		if held >= mfa.MaxFactors {
			return core.ErrConflict
		}
		return queries.InsertFactor(ctx, pgdb.InsertFactorParams{
			ID: factor.ID, UserID: factor.UserID, Kind: string(factor.Kind), Label: factor.Label, Sealed: factor.Sealed,
			LastStep: factor.LastStep, CreatedAt: factor.CreatedAt,
			ConfirmedAt: optionalTime(factor.ConfirmedAt), LastUsedAt: optionalTime(factor.LastUsedAt),
		})
	})
}

// List implements mfa.Store.
func (f *Factors) List(ctx context.Context, user core.ID) ([]mfa.Factor, error) {
	rows, err := f.db.queries(ctx).ListFactors(ctx, user)
	return each(rows, func(row pgdb.Factor) mfa.Factor {
		return mfa.Factor{
			ID: row.ID, UserID: row.UserID, Kind: mfa.Kind(row.Kind), Label: row.Label, Sealed: row.Sealed,
			LastStep: row.LastStep, CreatedAt: row.CreatedAt,
			ConfirmedAt: present(row.ConfirmedAt), LastUsedAt: present(row.LastUsedAt),
		}
	}), translate(err)
}

// Confirm implements mfa.Store.
func (f *Factors) Confirm(ctx context.Context, user, id core.ID, step int64, since, now time.Time) error {
	return affected(f.db.queries(ctx).ConfirmFactor(ctx, pgdb.ConfirmFactorParams{
		ID: id, UserID: user, Step: step, Since: since, Now: &now,
	}))
}

// Use implements mfa.Store.
func (f *Factors) Use(ctx context.Context, user, id core.ID, step int64, now time.Time) error {
	return affected(f.db.queries(ctx).UseFactor(ctx, pgdb.UseFactorParams{ID: id, UserID: user, Step: step, Now: &now}))
}

// Remove implements mfa.Store.
func (f *Factors) Remove(ctx context.Context, user, id core.ID) error {
	return affected(f.db.queries(ctx).DeleteFactor(ctx, pgdb.DeleteFactorParams{ID: id, UserID: user}))
}

// RemoveSince implements mfa.Store.
func (f *Factors) RemoveSince(ctx context.Context, user core.ID, since time.Time) (int, error) {
	removed, err := f.db.queries(ctx).DeleteFactorsSince(ctx, pgdb.DeleteFactorsSinceParams{UserID: user, Since: since})
	return int(removed), translate(err)
}

// RecoveryCodes is an mfa.RecoveryCodes.
type RecoveryCodes struct{ db *Database }

// RecoveryCodes gives the store of the digests of recovery codes.
func (db *Database) RecoveryCodes() *RecoveryCodes { return &RecoveryCodes{db} }

// Replace implements mfa.RecoveryCodes.
func (r *RecoveryCodes) Replace(ctx context.Context, user core.ID, digests [][]byte, now time.Time) error {
	return r.db.guarded(ctx, func(ctx context.Context) error {
		queries := r.db.queries(ctx)
		if err := queries.LockUser(ctx, user); err != nil {
			return err
		}
		if err := queries.DeleteRecoveryCodes(ctx, user); err != nil {
			return err
		}
		for _, digest := range digests {
			params := pgdb.InsertRecoveryCodeParams{UserID: user, Digest: digest, CreatedAt: now}
			if err := queries.InsertRecoveryCode(ctx, params); err != nil {
				return err
			}
		}
		return nil
	})
}

// List implements mfa.RecoveryCodes.
func (r *RecoveryCodes) List(ctx context.Context, user core.ID) ([][]byte, error) {
	digests, err := r.db.queries(ctx).ListRecoveryCodes(ctx, user)
	return digests, translate(err)
}

// Use implements mfa.RecoveryCodes.
func (r *RecoveryCodes) Use(ctx context.Context, user core.ID, digest []byte) error {
	return affected(r.db.queries(ctx).DeleteRecoveryCode(ctx, pgdb.DeleteRecoveryCodeParams{UserID: user, Digest: digest}))
}
