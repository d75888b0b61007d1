package sessiontest

import (
	"context"
	"slices"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/audit/audittest"
	"github.com/doorward/doorward/core/session"
)

// told checks what the log holds of the user, in any order.
func (b *bench) told(what string, user account.User, want ...audit.Event) {
	b.Helper()
	events, err := b.History.Find(b.Context(), audit.Query{Subject: user.ID}, core.Page{Limit: 2 * racers})
	b.must(err)
	byID := func(x, y audit.Event) int { return slices.Compare(x.ID[:], y.ID[:]) }
	slices.SortFunc(events, byID)
	slices.SortFunc(want, byID)
	b.same(what, events, want)
}

func (b *bench) event(user account.User) audit.Event { return audittest.Event(user.ID, b.clock.Now()) }

// endTells ends sessions with events: those of an end that happened stand, all of them, and no others.
func endTells(b *bench) {
	user := b.user()
	held, _, elsewhere := b.opened(user), b.opened(user), b.opened(b.user())
	first, second, all, never := b.event(user), b.event(user), b.event(user), b.event(user)
	end := func(ctx context.Context, id core.ID, events ...audit.Event) error {
		_, err := b.Ender.End(ctx, user.ID, id, session.EndRevoked, b.clock.Now(), events...)
		return err
	}
	b.refused("another's session", end(b.Context(), elsewhere.ID, never), core.ErrNotFound)
	b.must(end(b.Context(), held.ID, first, second))
	b.told("end", user, first, second)
	b.refused("ended session", end(b.Context(), held.ID, never), core.ErrNotFound)
	b.undone(func(ctx context.Context) error {
		_, err := b.Ender.EndAll(ctx, user.ID, core.ID{}, session.EndPassword, b.clock.Now(), never)
		return err
	})
	_, err := b.Ender.EndAll(b.Context(), user.ID, core.ID{}, session.EndPassword, b.clock.Now(), all)
	b.must(err)
	_, err = b.Ender.EndAll(b.Context(), user.ID, core.ID{}, session.EndPassword, b.clock.Now(), never)
	b.must(err)
	b.told("ends of all", user, first, second, all)
}

// endTellsOnce lets many end one session, each with an event of its own: one stands.
func endTellsOnce(b *bench) {
	user := b.user()
	held := b.opened(user)
	events := make([]audit.Event, racers)
	for i := range events {
		events[i] = b.event(user)
	}
	winner := make([]bool, racers)
	race(racers, func(i int) {
		_, err := b.Ender.End(b.Context(), user.ID, held.ID, session.EndRevoked, b.clock.Now(), events[i])
		winner[i] = err == nil
	})
	won := slices.Index(winner, true)
	if won < 0 {
		b.Fatal("nobody has ended the session")
	}
	b.told("end", user, events[won])
}
