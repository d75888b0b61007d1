package inprocess_test

import (
	"context"
	"testing"
	"time"

	"github.com/doorward/doorward/adapters/inprocess"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
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

// Catalogue implements access.Lookup.
func (unmoved) Catalogue(context.Context) (*access.Catalogue, error) {
	return access.Compile(access.Content{Rev: 1}), nil
}

// BenchmarkWarmLookup is what every request of a busy client costs: a session, its user and the catalogue, all held.
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
		if _, err := cache.Catalogue(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
