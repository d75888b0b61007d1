package sessiontest

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/session"
)

// Lookup is the contract of session.Lookup as a store keeps it.
func Lookup(t *testing.T, open Open) {
	t.Helper()
	run(t, open, map[string]func(b *bench){
		"gives sessions of any state": lookupSession,
		"gives users of any status":   lookupUser,
	})
}

func lookupSession(b *bench) {
	user := b.user()
	_, err := b.Lookup.Session(b.Context(), b.ids.New())
	b.refused("unknown session", err, core.ErrNotFound)
	held := b.opened(user)
	held = b.refreshed(held, held.Current(), session.OutcomeRotated)
	look := func(what string) {
		b.Helper()
		got, lookErr := b.Lookup.Session(b.Context(), held.ID)
		b.must(lookErr)
		want := held
		want.Chain = session.Chain{}
		b.same(what, got, want)
	}
	look("live session")
	b.clock.Advance(time.Minute)
	b.ended(held)
	held.EndedAt, held.EndReason, held.Rev = b.clock.Now(), session.EndRevoked, 2
	look("ended session")
}

func lookupUser(b *bench) {
	_, err := b.Lookup.User(b.Context(), b.ids.New())
	b.refused("unknown user", err, core.ErrNotFound)
	user := b.user()
	look := func(what string) {
		b.Helper()
		got, err := b.Lookup.User(b.Context(), user.ID)
		b.must(err)
		want := user
		want.Password = ""
		b.same(what, got, want)
	}
	look("active user")
	b.clock.Advance(time.Minute)
	user = b.suspend(user)
	look("suspended user")
}
