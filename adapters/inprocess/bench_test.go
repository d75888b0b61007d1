package inprocess_test

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/inprocess"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

// unmoved is a primary in which nothing happens.
type unmoved struct{}

// Session implements session.Lookup.
func (unmoved) Session(_ context.Context, id core.ID) (session.Session, error) {
	return session.Session{ID: id, Rev: 1}, nil
}

// User implements session.Lookup.
func (unmoved) User(_ context.Context, id core.ID) (account.User, error) {
	return account.User{ID: id, Rev: 1}, nil
}

// BenchmarkWarmLookup is what every request of a busy client costs: a session and its user, both held.
func BenchmarkWarmLookup(b *testing.B) {
	cache := inprocess.NewSessions(unmoved{}, core.ClockFunc(time.Now), nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cache.Session(b.Context(), core.ID{1}); err != nil {
			b.Fatal(err)
		}
		if _, err := cache.User(b.Context(), core.ID{2}); err != nil {
			b.Fatal(err)
		}
	}
}
