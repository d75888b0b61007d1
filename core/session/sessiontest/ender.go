package sessiontest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/session"
)

// Ender is the contract of session.Ender.
func Ender(t *testing.T, open Open) {
	t.Helper()
	run(t, open, map[string]func(b *bench){
		"ends one session":           endOne,
		"refuses what is not there":  endRefuses,
		"has one winner in a race":   endRace,
		"ends all but one":           endAllButOne,
		"ends each once in a race":   endAllRace,
		"takes part in transactions": endInTransaction,
		"tells of what it ended":     endTells,
		"tells once in a race":       endTellsOnce,
	})
}

func endOne(b *bench) {
	user := b.user()
	held, other := b.opened(user), b.opened(user)
	b.clock.Advance(time.Minute)
	change, err := b.Ender.End(b.Context(), user.ID, held.ID, session.EndSignedOut, b.clock.Now())
	b.must(err)
	b.same("change", change, changeOf(held, 2))
	b.same("journal", b.pending(), []core.Change{change})
	held.EndedAt, held.EndReason, held.Rev = b.clock.Now(), session.EndSignedOut, 2
	b.stored("ended session", held)
	b.stored("other session", other)
}

func endRefuses(b *bench) {
	user, stranger := b.user(), b.user()
	held := b.opened(user)
	end := func(user, id core.ID, now time.Time) error {
		_, err := b.Ender.End(b.Context(), user, id, session.EndRevoked, now)
		return err
	}
	b.refused("unknown session", end(user.ID, b.ids.New(), b.clock.Now()), core.ErrNotFound)
	b.refused("another's session", end(stranger.ID, held.ID, b.clock.Now()), core.ErrNotFound)
	b.refused("idle session", end(user.ID, held.ID, held.IdleExpiresAt), core.ErrNotFound)
	b.stored("session", held)
	b.must(end(user.ID, held.ID, b.clock.Now()))
	b.refused("ended session", end(user.ID, held.ID, b.clock.Now()), core.ErrNotFound)
	if journal := b.pending(); len(journal) != 1 {
		b.Errorf("journal holds %v, want the one end", journal)
	}
}

func endRace(b *bench) {
	user := b.user()
	held := b.opened(user)
	var ended atomic.Int64
	race(racers, func(int) {
		_, err := b.Ender.End(b.Context(), user.ID, held.ID, session.EndRevoked, b.clock.Now())
		if err == nil {
			ended.Add(1)
		} else if !errors.Is(err, core.ErrNotFound) {
			b.Errorf("end: %v", err)
		}
	})
	if ended.Load() != 1 {
		b.Errorf("%d of %d racers ended the session, want one", ended.Load(), racers)
	}
	b.same("journal", b.pending(), []core.Change{changeOf(held, 2)})
}

func endAllButOne(b *bench) {
	user, other := b.user(), b.user()
	kept, first, second, bystander := b.opened(user), b.opened(user), b.opened(user), b.opened(other)
	ended := b.opened(user)
	_, err := b.Ender.End(b.Context(), user.ID, ended.ID, session.EndSignedOut, b.clock.Now())
	b.must(err)
	b.clock.Advance(time.Minute)
	changes, err := b.Ender.EndAll(b.Context(), user.ID, kept.ID, session.EndPassword, b.clock.Now())
	b.must(err)
	want := sorted([]core.Change{changeOf(first, 2), changeOf(second, 2)})
	b.same("changes", sorted(changes), want)
	b.same("journal", b.pending(), sorted(append(want, changeOf(ended, 2))))
	first.EndedAt, first.EndReason, first.Rev = b.clock.Now(), session.EndPassword, 2
	b.stored("ended session", first)
	b.stored("kept session", kept)
	b.stored("another user's session", bystander)
	changes, err = b.Ender.EndAll(b.Context(), user.ID, core.ID{}, session.EndPassword, b.clock.Now())
	b.must(err)
	b.same("changes without exception", changes, []core.Change{changeOf(kept, 2)})
	changes, err = b.Ender.EndAll(b.Context(), user.ID, core.ID{}, session.EndPassword, b.clock.Now())
	b.must(err)
	b.same("changes with nothing left", changes, []core.Change(nil))
}

func endAllRace(b *bench) {
	user := b.user()
	want := make([]core.Change, limit)
	for i := range want {
		want[i] = changeOf(b.opened(user), 2)
	}
	got := make([][]core.Change, racers)
	race(racers, func(i int) {
		changes, err := b.Ender.EndAll(b.Context(), user.ID, core.ID{}, session.EndDeleted, b.clock.Now())
		if err != nil {
			b.Errorf("end all: %v", err)
		}
		got[i] = changes
	})
	b.same("changes of all racers", sorted(slices.Concat(got...)), sorted(want))
	b.same("journal", b.pending(), sorted(want))
}

func endInTransaction(b *bench) {
	user := b.user()
	held, other := b.opened(user), b.opened(user)
	b.undone(func(ctx context.Context) error {
		if _, err := b.Ender.End(ctx, user.ID, held.ID, session.EndStolen, b.clock.Now()); err != nil {
			return err
		}
		_, err := b.Ender.EndAll(ctx, user.ID, core.ID{}, session.EndPassword, b.clock.Now())
		return err
	})
	b.stored("end rolled back", held)
	b.stored("end of all rolled back", other)
	b.same("journal", b.pending(), []core.Change(nil))
}
