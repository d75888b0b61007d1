package sessiontest

import (
	"context"
	"sync"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/session"
)

var findCases = map[string]func(b *bench){
	"tells what is not there":         findUnknown,
	"locks the row in a transaction":  findLocks,
	"sees what its transaction wrote": findOwnWrites,
}

func findUnknown(b *bench) {
	_, err := b.Store.Find(b.Context(), b.ids.New())
	b.refused("unknown session", err, core.ErrNotFound)
	err = b.Tx.InTx(b.Context(), func(ctx context.Context) error {
		if _, findErr := b.Store.Find(ctx, b.ids.New()); findErr == nil {
			b.Error("an unknown session was found in a transaction")
		}
		return nil // not finding something spoils no transaction
	})
	b.must(err)
}

// findLocks holds a row while a refresh is under way: until the transaction is over the refresh changes
// nothing, and then it finds the session ended.
func findLocks(b *bench) {
	user := b.user()
	for range 10 {
		held := b.opened(user)
		locked, refreshed := make(chan struct{}), make(chan error, 1)
		go func() {
			<-locked
			_, _, refreshErr := b.Store.Refresh(b.Context(), held.Current(), b.rotation())
			refreshed <- refreshErr
		}()
		lock := sync.OnceFunc(func() { close(locked) })
		err := b.Tx.InTx(b.Context(), func(ctx context.Context) error {
			before, err := b.Store.Find(ctx, held.ID)
			if err != nil {
				return err
			}
			lock()
			for range 5 {
				after, findErr := b.Store.Find(ctx, held.ID)
				if findErr != nil {
					return findErr
				}
				b.same("row under a lock", after, before)
			}
			_, err = b.Ender.End(ctx, user.ID, held.ID, session.EndStolen, b.clock.Now())
			return err
		})
		b.must(err)
		b.refused("refresh behind the lock", <-refreshed, core.ErrNotFound)
	}
}

func findOwnWrites(b *bench) {
	user := b.user()
	fresh := b.fresh(user)
	b.undone(func(ctx context.Context) error {
		if _, err := b.Store.Open(ctx, opening(fresh, user.Rev, limit)); err != nil {
			return err
		}
		got, err := b.Store.Find(ctx, fresh.ID)
		b.same("session in its own transaction", got, fresh)
		return err
	})
}

var listCases = map[string]func(b *bench){
	"gives live sessions, newest first": listOrder,
	"pages":                             listPages,
}

func listOrder(b *bench) {
	user, other := b.user(), b.user()
	b.opened(other)
	first := b.opened(user)
	b.clock.Advance(time.Second)
	ended := b.opened(user)
	b.ended(ended)
	idle, absolute := b.fresh(user), b.fresh(user)
	idle.IdleExpiresAt = b.clock.Now().Add(time.Minute)
	absolute.IdleExpiresAt = b.clock.Now().Add(time.Minute)
	absolute.ExpiresAt = absolute.IdleExpiresAt
	for _, expiring := range []session.Session{idle, absolute} {
		_, err := b.Store.Open(b.Context(), opening(expiring, user.Rev, limit))
		b.must(err)
	}
	b.clock.Advance(time.Minute)
	last := b.opened(user)
	b.same("list", b.live(user), []session.Session{last, first})
	nobody, err := b.Store.List(b.Context(), b.ids.New(), b.clock.Now(), core.Page{Limit: limit})
	b.must(err)
	b.same("list of an unknown user", nobody, []session.Session(nil))
}

func listPages(b *bench) {
	user := b.user()
	for i := range 7 {
		b.opened(user)
		b.clock.Advance(time.Duration(i%2) * time.Second) // some at the same instant
	}
	var paged []session.Session
	page := core.Page{Limit: 3}
	for range 4 { // the last is empty
		part, err := b.Store.List(b.Context(), user.ID, b.clock.Now(), page)
		b.must(err)
		if len(part) == 0 {
			break
		}
		paged = append(paged, part...)
		last := part[len(part)-1]
		page.After = core.Position{At: last.CreatedAt, ID: last.ID}
	}
	b.same("pages put together", paged, b.live(user))
	if len(paged) != 7 {
		b.Errorf("%d sessions listed, want 7", len(paged))
	}
}

var proveCases = map[string]func(b *bench){
	"records the proof":          proveRecords,
	"refuses a session not live": proveRefuses,
	"takes part in transactions": proveInTransaction,
}

func proveRecords(b *bench) {
	user := b.user()
	held := b.opened(user)
	at := b.clock.Advance(time.Hour)
	proven, change, err := b.Store.Prove(b.Context(), held.ID, at, []string{"hwk"})
	b.must(err)
	want := held
	want.AuthTime, want.Factors, want.Rev = at, []string{"hwk"}, 2
	b.same("proven session", proven, want)
	b.stored("proven session", want)
	b.same("change", change, changeOf(held, 2))
	b.same("journal", b.pending(), []core.Change{change})
	_, _, err = b.Store.Refresh(b.Context(), held.Current(), b.rotation())
	b.must(err)
}

func proveRefuses(b *bench) {
	user := b.user()
	_, _, err := b.Store.Prove(b.Context(), b.ids.New(), b.clock.Now(), []string{"pwd"})
	b.refused("unknown session", err, core.ErrNotFound)
	expired := b.opened(user)
	_, _, err = b.Store.Prove(b.Context(), expired.ID, expired.IdleExpiresAt, []string{"pwd"})
	b.refused("idle session", err, core.ErrNotFound)
	b.stored("idle session", expired)
	_, err = b.Ender.End(b.Context(), user.ID, expired.ID, session.EndSignedOut, b.clock.Now())
	b.must(err)
	_, _, err = b.Store.Prove(b.Context(), expired.ID, b.clock.Now(), []string{"pwd"})
	b.refused("ended session", err, core.ErrNotFound)
}

func proveInTransaction(b *bench) {
	held := b.opened(b.user())
	b.undone(func(ctx context.Context) error {
		_, _, err := b.Store.Prove(ctx, held.ID, b.clock.Now(), []string{"pwd"})
		return err
	})
	b.stored("proof rolled back", held)
	b.same("journal", b.pending(), []core.Change(nil))
}
