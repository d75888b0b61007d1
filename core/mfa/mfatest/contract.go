// Package mfatest holds the contract suites of the stores of second factors and the in-memory fakes of them.
package mfatest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mfa"
)

// Stores is what the suites are run on: the stores of one fresh, empty database.
type Stores struct {
	Tx       core.Transactor
	Accounts account.Store
	Factors  mfa.Store
	Codes    mfa.RecoveryCodes
}

// Open makes fresh stores for one case, and closes them in t.Cleanup.
type Open func(t *testing.T) Stores

// racers is how many run at once in the cases that race.
const racers = 32

var errRollback = errors.New("rolled back on purpose")

func at(after time.Duration) time.Time { return coretest.Epoch.Add(after) }

// TestStore proves that an mfa.Store keeps its contract.
func TestStore(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"gives back what was added":            addedIsListed,
		"lists oldest first, each user apart":  listsInOrder,
		"a user who is gone has no factors":    goneUser,
		"holds a user to the bound":            holdsBound,
		"holds racing enrolments to the bound": racingAdds,
		"one email factor":                     oneEmail,
		"a conflict spares the transaction":    conflictSpares,
		"confirms once, in time":               confirms,
		"one of many confirmations wins":       oneConfirmationWins,
		"uses a step once":                     usesStep,
		"one of many uses of a step wins":      oneUseWins,
		"removes":                              removes,
		"removes what is younger":              removesSince,
		"only confirmed factors protect":       protects,
		"rolls back with its transaction":      rollsBack,
	})
}

func (s Stores) user(t *testing.T) core.ID {
	t.Helper()
	user := accounttest.Person("")
	coretest.Must(t, s.Accounts.Create(t.Context(), user))
	return user.ID
}

func pending(user core.ID, created time.Time) mfa.Factor {
	return mfa.Factor{
		ID: accounttest.NewID(), UserID: user, Kind: mfa.KindTOTP, Label: "Phone", Sealed: []byte("sealed"), LastStep: -1,
		CreatedAt: created,
	}
}

func confirmed(user core.ID, created time.Time) mfa.Factor {
	factor := pending(user, created)
	factor.LastStep, factor.ConfirmedAt, factor.LastUsedAt = 7, created.Add(time.Minute), created.Add(time.Minute)
	return factor
}

func (s Stores) add(t *testing.T, factor mfa.Factor) mfa.Factor {
	t.Helper()
	coretest.Must(t, s.Factors.Add(t.Context(), factor))
	return factor
}

func (s Stores) holds(t *testing.T, user core.ID, want ...mfa.Factor) {
	t.Helper()
	held, err := s.Factors.List(t.Context(), user)
	coretest.Must(t, err)
	coretest.Equal(t, want, held)
}

func addedIsListed(t *testing.T, s Stores) {
	user := s.user(t)
	email := mfa.Factor{
		ID: accounttest.NewID(), UserID: user, Kind: mfa.KindEmail, LastStep: -1, CreatedAt: at(time.Hour),
		ConfirmedAt: at(time.Hour),
	}
	s.holds(t, user, s.add(t, pending(user, at(0))), s.add(t, confirmed(user, at(time.Second))), s.add(t, email))
}

func listsInOrder(t *testing.T, s Stores) {
	user, other := s.user(t), s.user(t)
	third := s.add(t, pending(user, at(time.Hour)))
	first := s.add(t, pending(user, at(0)))
	one, two := pending(user, at(time.Minute)), pending(user, at(time.Minute))
	if coretest.CompareIDs(one.ID, two.ID) > 0 {
		one, two = two, one
	}
	s.add(t, two)
	s.add(t, one)
	theirs := s.add(t, pending(other, at(0)))
	s.holds(t, user, first, one, two, third)
	s.holds(t, other, theirs)
	s.holds(t, accounttest.NewID())
}

func goneUser(t *testing.T, s Stores) {
	coretest.Refused(t, s.Factors.Add(t.Context(), pending(accounttest.NewID(), at(0))), core.ErrNotFound)
}

func holdsBound(t *testing.T, s Stores) {
	user := s.user(t)
	for range mfa.MaxFactors {
		s.add(t, pending(user, at(0)))
	}
	coretest.Refused(t, s.Factors.Add(t.Context(), pending(user, at(0))), core.ErrConflict)
	s.add(t, pending(s.user(t), at(0)))
}

func racingAdds(t *testing.T, s Stores) {
	user := s.user(t)
	coretest.Equal(t, mfa.MaxFactors, coretest.Race(t, racers, core.ErrConflict, func(ctx context.Context, i int) error {
		return s.sometimesInTx(ctx, i, func(ctx context.Context) error { return s.Factors.Add(ctx, pending(user, at(0))) })
	}))
}

// sometimesInTx runs every other act in a transaction.
func (s Stores) sometimesInTx(ctx context.Context, i int, act func(ctx context.Context) error) error {
	if i%2 == 0 {
		return act(ctx)
	}
	return s.Tx.InTx(ctx, act)
}

func oneEmail(t *testing.T, s Stores) {
	user := s.user(t)
	email := func(user core.ID) mfa.Factor {
		return mfa.Factor{
			ID: accounttest.NewID(), UserID: user, Kind: mfa.KindEmail, LastStep: -1, CreatedAt: at(0), ConfirmedAt: at(0),
		}
	}
	coretest.Equal(t, 1, coretest.Race(t, racers, core.ErrConflict, func(ctx context.Context, i int) error {
		return s.sometimesInTx(ctx, i, func(ctx context.Context) error { return s.Factors.Add(ctx, email(user)) })
	}))
	s.add(t, email(s.user(t)))
}

func conflictSpares(t *testing.T, s Stores) {
	user := s.user(t)
	factor := s.add(t, pending(user, at(0)))
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		gone := pending(accounttest.NewID(), at(0))
		coretest.Refused(t, s.Factors.Add(ctx, gone), core.ErrNotFound)
		coretest.Refused(t, s.Factors.Use(ctx, user, factor.ID, 1, at(0)), core.ErrNotFound)
		return s.Factors.Remove(ctx, user, factor.ID)
	}))
	s.holds(t, user)
}

func confirms(t *testing.T, s Stores) {
	user, now := s.user(t), at(time.Hour)
	factor := s.add(t, pending(user, at(0)))
	late := s.add(t, pending(user, at(time.Second)))
	ctx := t.Context()
	coretest.Refused(t, s.Factors.Confirm(ctx, s.user(t), factor.ID, 5, at(-1), now), core.ErrNotFound)
	coretest.Refused(t, s.Factors.Confirm(ctx, user, accounttest.NewID(), 5, at(-1), now), core.ErrNotFound)
	coretest.Refused(t, s.Factors.Confirm(ctx, user, late.ID, 5, at(time.Second), now), core.ErrNotFound)
	coretest.Must(t, s.Factors.Confirm(ctx, user, factor.ID, 5, at(-1), now))
	coretest.Refused(t, s.Factors.Confirm(ctx, user, factor.ID, 6, at(-1), now), core.ErrNotFound)
	factor.LastStep, factor.ConfirmedAt, factor.LastUsedAt = 5, now, now
	s.holds(t, user, factor, late)
}

func oneConfirmationWins(t *testing.T, s Stores) {
	user := s.user(t)
	factor := s.add(t, pending(user, at(0)))
	coretest.Equal(t, 1, coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, i int) error {
		return s.sometimesInTx(ctx, i, func(ctx context.Context) error {
			return s.Factors.Confirm(ctx, user, factor.ID, int64(i), at(-1), at(0))
		})
	}))
}

func usesStep(t *testing.T, s Stores) {
	user, ctx := s.user(t), t.Context()
	waiting := s.add(t, pending(user, at(0)))
	factor := s.add(t, confirmed(user, at(time.Second)))
	coretest.Refused(t, s.Factors.Use(ctx, user, waiting.ID, 8, at(0)), core.ErrNotFound)
	coretest.Refused(t, s.Factors.Use(ctx, s.user(t), factor.ID, 8, at(0)), core.ErrNotFound)
	coretest.Refused(t, s.Factors.Use(ctx, user, factor.ID, 7, at(0)), core.ErrNotFound)
	coretest.Must(t, s.Factors.Use(ctx, user, factor.ID, 9, at(time.Hour)))
	coretest.Refused(t, s.Factors.Use(ctx, user, factor.ID, 9, at(time.Hour)), core.ErrNotFound)
	coretest.Refused(t, s.Factors.Use(ctx, user, factor.ID, 8, at(time.Hour)), core.ErrNotFound)
	factor.LastStep, factor.LastUsedAt = 9, at(time.Hour)
	s.holds(t, user, waiting, factor)
}

func oneUseWins(t *testing.T, s Stores) {
	user := s.user(t)
	factor := s.add(t, confirmed(user, at(0)))
	coretest.Equal(t, 1, coretest.Race(t, racers, core.ErrNotFound, func(ctx context.Context, i int) error {
		return s.sometimesInTx(ctx, i, func(ctx context.Context) error {
			return s.Factors.Use(ctx, user, factor.ID, 8, at(0))
		})
	}))
}

func removes(t *testing.T, s Stores) {
	user, ctx := s.user(t), t.Context()
	kept, factor := s.add(t, pending(user, at(0))), s.add(t, confirmed(user, at(0)))
	coretest.Refused(t, s.Factors.Remove(ctx, s.user(t), factor.ID), core.ErrNotFound)
	coretest.Must(t, s.Factors.Remove(ctx, user, factor.ID))
	coretest.Refused(t, s.Factors.Remove(ctx, user, factor.ID), core.ErrNotFound)
	s.holds(t, user, kept)
}

func removesSince(t *testing.T, s Stores) {
	user, other := s.user(t), s.user(t)
	old := s.add(t, confirmed(user, at(0)))
	s.add(t, confirmed(user, at(time.Minute)))
	s.add(t, pending(user, at(time.Hour)))
	theirs := s.add(t, pending(other, at(time.Hour)))
	removed, err := s.Factors.RemoveSince(t.Context(), user, at(time.Minute))
	coretest.Must(t, err)
	coretest.Equal(t, 2, removed)
	s.holds(t, user, old)
	s.holds(t, other, theirs)
}

func protects(t *testing.T, s Stores) {
	user := s.user(t)
	kinds := func(want ...string) {
		t.Helper()
		found, err := s.Accounts.Find(t.Context(), user)
		coretest.Must(t, err)
		coretest.Equal(t, want, found.Protection.SecondFactors)
	}
	factor := s.add(t, pending(user, at(0)))
	kinds()
	coretest.Must(t, s.Factors.Confirm(t.Context(), user, factor.ID, 1, at(-1), at(0)))
	s.add(t, confirmed(user, at(0)))
	kinds("totp")
	s.add(t, mfa.Factor{
		ID: accounttest.NewID(), UserID: user, Kind: mfa.KindEmail, LastStep: -1, CreatedAt: at(0), ConfirmedAt: at(0),
	})
	kinds("email", "totp")
}

func rollsBack(t *testing.T, s Stores) {
	user := s.user(t)
	factor := s.add(t, confirmed(user, at(0)))
	err := s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Must(t, s.Factors.Use(ctx, user, factor.ID, 8, at(0)))
		coretest.Must(t, s.Factors.Add(ctx, pending(user, at(0))))
		coretest.Must(t, s.Factors.Remove(ctx, user, factor.ID))
		return errRollback
	})
	coretest.Refused(t, err, errRollback)
	s.holds(t, user, factor)
}
