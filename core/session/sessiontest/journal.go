package sessiontest

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/session"
)

// Journal is the contract of session.Journal.
func Journal(t *testing.T, open Open) {
	t.Helper()
	run(t, open, map[string]func(b *bench){
		"gives the oldest before an instant": journalOrder,
		"clears":                             journalClears,
		"takes part in transactions":         journalInTransaction,
	})
}

// journalled ends n sessions, a second apart, and changes a user after them.
func (b *bench) journalled(n int) []core.Change {
	b.Helper()
	user := b.user()
	var changes []core.Change
	for range n {
		change, err := b.Ender.End(b.Context(), user.ID, b.opened(user).ID, session.EndRevoked, b.clock.Now())
		b.must(err)
		changes = append(changes, change)
		b.clock.Advance(time.Second)
	}
	suspended := b.suspend(user)
	return append(changes, core.Change{Subject: core.SubjectUser, ID: user.ID, Rev: suspended.Rev})
}

func journalOrder(b *bench) {
	changes := b.journalled(4)
	pending := func(before time.Time, limit int) []core.Change {
		b.Helper()
		got, err := b.Journal.Pending(b.Context(), before, limit)
		b.must(err)
		return got
	}
	now := b.clock.Now() // when the user changed
	b.same("before now", pending(now, 100), changes[:4])
	b.same("after now", pending(now.Add(time.Microsecond), 100), changes)
	b.same("limited", pending(now.Add(time.Hour), 2), changes[:2])
	b.same("before all", pending(now.Add(-4*time.Second), 100), []core.Change(nil))
}

func journalClears(b *bench) {
	changes := b.journalled(3)
	b.must(b.Journal.Clear(b.Context()))
	b.same("nothing cleared", b.pending(), sorted(changes))
	older := changes[1]
	older.Rev--
	b.must(b.Journal.Clear(b.Context(), changes[0], older, changes[3], changeOf(session.Session{ID: b.ids.New()}, 1)))
	b.same("cleared", b.pending(), sorted(changes[1:3]))
	b.must(b.Journal.Clear(b.Context(), changes...))
	b.must(b.Journal.Clear(b.Context(), changes...))
	b.same("cleared twice", b.pending(), []core.Change(nil))
}

func journalInTransaction(b *bench) {
	changes := b.journalled(1)
	b.undone(func(ctx context.Context) error { return b.Journal.Clear(ctx, changes...) })
	b.same("clearing rolled back", b.pending(), sorted(changes))
}
