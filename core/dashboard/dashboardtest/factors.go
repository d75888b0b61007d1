package dashboardtest

import (
	"context"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mfa"
)

// of are a user's factors.
func (b *bench) of(user core.ID) (all []mfa.Factor) {
	for _, id := range slices.SortedFunc(maps.Keys(b.factors), coretest.CompareIDs) {
		if b.factors[id].UserID == user {
			all = append(all, b.factors[id])
		}
	}
	return all
}

// kinds are what a user's confirmed factors are.
func (b *bench) kinds(user core.ID) (kinds []string) {
	for _, factor := range b.of(user) {
		if !factor.ConfirmedAt.IsZero() {
			kinds = append(kinds, string(factor.Kind))
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// settle writes a factor down, or that it is gone, once it is so.
func (b *bench) settle(factor mfa.Factor, gone bool) func() {
	return func() {
		b.factors[factor.ID] = factor
		if gone {
			delete(b.factors, factor.ID)
		}
		b.users[factor.UserID].Protection.SecondFactors = b.kinds(factor.UserID)
	}
}

func (b *bench) addFactor(ctx context.Context, t *rapid.T) (func(), error) {
	user := b.pick(t)
	if user == nil || len(b.of(user.ID)) == mfa.MaxFactors {
		return nothing, nil
	}
	factor := mfa.Factor{
		ID: accounttest.NewID(), UserID: user.ID, Kind: mfa.KindTOTP, LastStep: -1, CreatedAt: coretest.Epoch, Sealed: []byte{1},
	}
	has := func(factor mfa.Factor) bool { return factor.Kind == mfa.KindEmail }
	if rapid.Bool().Draw(t, "by mail") && !slices.ContainsFunc(b.of(user.ID), has) {
		factor.Kind = mfa.KindEmail
	}
	if rapid.Bool().Draw(t, "confirmed") {
		factor.ConfirmedAt = coretest.Epoch
	}
	return b.settle(factor, false), b.Factors.Add(ctx, factor)
}

// one draws a factor that is confirmed, or is not.
func (b *bench) one(t *rapid.T, confirmed bool) (mfa.Factor, bool) {
	var some []core.ID
	for _, id := range slices.SortedFunc(maps.Keys(b.factors), coretest.CompareIDs) {
		factor := b.factors[id]
		if _, stands := b.users[factor.UserID]; stands && factor.ConfirmedAt.IsZero() != confirmed {
			some = append(some, id)
		}
	}
	if len(some) == 0 {
		return mfa.Factor{}, false
	}
	return b.factors[rapid.SampledFrom(some).Draw(t, "factor")], true
}

func (b *bench) confirmFactor(ctx context.Context, t *rapid.T) (func(), error) {
	factor, found := b.one(t, false)
	if !found {
		return nothing, nil
	}
	factor.ConfirmedAt = coretest.Epoch
	return b.settle(factor, false), b.Factors.Confirm(
		ctx, factor.UserID, factor.ID, 1, coretest.Epoch.Add(-time.Minute), coretest.Epoch)
}

func (b *bench) removeFactor(ctx context.Context, t *rapid.T) (func(), error) {
	factor, found := b.one(t, rapid.Bool().Draw(t, "confirmed"))
	if !found {
		return nothing, nil
	}
	if rapid.Bool().Draw(t, "all") {
		return func() {
			for _, factor := range b.of(factor.UserID) {
				b.settle(factor, true)()
			}
		}, dropCount(b.Factors.RemoveSince(ctx, factor.UserID, coretest.Epoch))
	}
	return b.settle(factor, true), b.Factors.Remove(ctx, factor.UserID, factor.ID)
}

func dropCount(_ int, err error) error { return err }
