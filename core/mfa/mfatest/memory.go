package mfatest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mfa"
)

// Users finds users of any status; account.Store is one.
type Users interface {
	// Find gives a user. core.ErrNotFound.
	Find(ctx context.Context, id core.ID) (account.User, error)
}

// Factors is an mfa.Store in memory.
type Factors struct {
	db    *coretest.Database
	users Users
	rows  *coretest.Table[core.ID, mfa.Factor]
}

// NewFactors makes an empty store that takes part in the database's transactions, and whose users are those of the
// given fake. Let accounttest.Store.SecondFactors be its method Kinds.
func NewFactors(db *coretest.Database, users Users) *Factors {
	store := &Factors{db: db, users: users, rows: coretest.NewTable[core.ID, mfa.Factor](db)}
	coretest.Expires(db, "factors", store.rows, func(row mfa.Factor) time.Time {
		if row.ConfirmedAt.IsZero() {
			return row.CreatedAt
		}
		return time.Time{}
	}, nil)
	db.OnRemoved(func(subject string, id core.ID) {
		for key, row := range store.rows.All() {
			if subject == "user" && row.UserID == id {
				store.rows.Delete(key)
			}
		}
	})
	return store
}

// Kinds gives the kinds of the user's confirmed factors, sorted. Call it inside Do alone.
func (f *Factors) Kinds(user core.ID) []string {
	var kinds []string
	for _, row := range f.rows.All() {
		if row.UserID == user && !row.ConfirmedAt.IsZero() {
			kinds = append(kinds, string(row.Kind))
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// do runs fn in the transaction of ctx or in one of its own. Its error dooms no outer transaction: every method checks
// before it changes anything.
func do(ctx context.Context, db *coretest.Database, fn func(ctx context.Context) error) error {
	var outcome error
	err := db.InTx(ctx, func(ctx context.Context) error {
		outcome = fn(ctx)
		return nil
	})
	return cmp.Or(err, outcome)
}

// Add implements mfa.Store.
func (f *Factors) Add(ctx context.Context, factor mfa.Factor) error {
	return do(ctx, f.db, func(ctx context.Context) error {
		if _, err := f.users.Find(ctx, factor.UserID); err != nil {
			return err
		}
		held := f.of(factor.UserID)
		second := func(row mfa.Factor) bool { return row.Kind == mfa.KindEmail }
		if len(held) >= mfa.MaxFactors || factor.Kind == mfa.KindEmail && slices.ContainsFunc(held, second) {
			return core.ErrConflict
		}
		f.rows.Put(factor.ID, clone(factor))
		return nil
	})
}

func (f *Factors) of(user core.ID) []mfa.Factor {
	return f.rows.Rows(
		func(row mfa.Factor) bool { return row.UserID == user },
		func(a, b mfa.Factor) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), coretest.CompareIDs(a.ID, b.ID))
		})
}

func clone(factor mfa.Factor) mfa.Factor {
	factor.Sealed = slices.Clone(factor.Sealed)
	return factor
}

// List implements mfa.Store.
func (f *Factors) List(ctx context.Context, user core.ID) (factors []mfa.Factor, err error) {
	err = f.db.Do(ctx, func() error {
		for _, row := range f.of(user) {
			factors = append(factors, clone(row))
		}
		return nil
	})
	return factors, err
}

// Confirm implements mfa.Store.
func (f *Factors) Confirm(ctx context.Context, user, id core.ID, step int64, since, now time.Time) error {
	return f.change(ctx, user, id, func(row *mfa.Factor) bool {
		if !row.ConfirmedAt.IsZero() || !row.CreatedAt.After(since) {
			return false
		}
		row.ConfirmedAt, row.LastUsedAt, row.LastStep = now, now, step
		return true
	})
}

// Use implements mfa.Store.
func (f *Factors) Use(ctx context.Context, user, id core.ID, step int64, now time.Time) error {
	return f.change(ctx, user, id, func(row *mfa.Factor) bool {
		if row.ConfirmedAt.IsZero() || row.LastStep >= step {
			return false
		}
		row.LastUsedAt, row.LastStep = now, step
		return true
	})
}

func (f *Factors) change(ctx context.Context, user, id core.ID, change func(row *mfa.Factor) bool) error {
	return f.db.Do(ctx, func() error {
		row, found := f.rows.Get(id)
		if !found || row.UserID != user || !change(&row) {
			return core.ErrNotFound
		}
		f.rows.Put(id, row)
		return nil
	})
}

// Remove implements mfa.Store.
func (f *Factors) Remove(ctx context.Context, user, id core.ID) error {
	return f.db.Do(ctx, func() error {
		if row, found := f.rows.Get(id); !found || row.UserID != user {
			return core.ErrNotFound
		}
		f.rows.Delete(id)
		return nil
	})
}

// RemoveSince implements mfa.Store.
func (f *Factors) RemoveSince(ctx context.Context, user core.ID, since time.Time) (removed int, err error) {
	err = f.db.Do(ctx, func() error {
		for _, row := range f.of(user) {
			if !row.CreatedAt.Before(since) {
				f.rows.Delete(row.ID)
				removed++
			}
		}
		return nil
	})
	return removed, err
}

// RecoveryCodes is an mfa.RecoveryCodes in memory.
type RecoveryCodes struct {
	db   *coretest.Database
	rows *coretest.Table[core.ID, [][]byte]
}

// NewRecoveryCodes makes an empty store that takes part in the database's transactions.
func NewRecoveryCodes(db *coretest.Database) *RecoveryCodes {
	store := &RecoveryCodes{db: db, rows: coretest.NewTable[core.ID, [][]byte](db)}
	db.OnRemoved(func(subject string, id core.ID) {
		if subject == "user" {
			store.rows.Delete(id)
		}
	})
	return store
}

// Replace implements mfa.RecoveryCodes.
func (r *RecoveryCodes) Replace(ctx context.Context, user core.ID, digests [][]byte, _ time.Time) error {
	return r.db.Do(ctx, func() error {
		r.rows.Put(user, slices.Clone(digests))
		return nil
	})
}

// List implements mfa.RecoveryCodes.
func (r *RecoveryCodes) List(ctx context.Context, user core.ID) (digests [][]byte, err error) {
	err = r.db.Do(ctx, func() error {
		held, _ := r.rows.Get(user)
		digests = slices.Clone(held)
		return nil
	})
	return digests, err
}

// Use implements mfa.RecoveryCodes.
func (r *RecoveryCodes) Use(ctx context.Context, user core.ID, digest []byte) error {
	return r.db.Do(ctx, func() error {
		held, _ := r.rows.Get(user)
		left := slices.DeleteFunc(slices.Clone(held), func(each []byte) bool { return slices.Equal(each, digest) })
		if len(left) == len(held) {
			return core.ErrNotFound
		}
		r.rows.Put(user, left)
		return nil
	})
}
