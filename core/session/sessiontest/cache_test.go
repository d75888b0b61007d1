package sessiontest_test

import (
	"context"
	"sync"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/session/sessiontest"
)

// shared is the least cache that keeps the contract: one memory for all replicas.
type shared struct {
	primary    sessiontest.Lookups
	sessions   copies[session.Session]
	users      copies[account.User]
	catalogues copies[*access.Catalogue]
}

func newShared(primary sessiontest.Lookups) *shared {
	s := &shared{primary: primary}
	s.sessions.rev = func(s session.Session) int64 { return s.Rev }
	s.users.rev = func(u account.User) int64 { return u.Rev }
	s.catalogues.rev = func(c *access.Catalogue) int64 { return c.Rev }
	s.expire()
	return s
}

func (s *shared) Session(ctx context.Context, id core.ID) (session.Session, error) {
	return s.sessions.get(ctx, id, s.primary.Session)
}

func (s *shared) User(ctx context.Context, id core.ID) (account.User, error) {
	return s.users.get(ctx, id, s.primary.User)
}

func (s *shared) Catalogue(ctx context.Context) (*access.Catalogue, error) {
	return s.catalogues.get(ctx, core.ID{}, func(ctx context.Context, _ core.ID) (*access.Catalogue, error) {
		return s.primary.Catalogue(ctx)
	})
}

func (s *shared) Publish(_ context.Context, changes ...core.Change) error {
	for _, change := range changes {
		switch change.Subject {
		case core.SubjectSession:
			s.sessions.raise(change)
		case core.SubjectUser:
			s.users.raise(change)
		case core.SubjectAccess:
			s.catalogues.raise(change)
		}
	}
	return nil
}

func (s *shared) expire() {
	s.sessions.expire()
	s.users.expire()
	s.catalogues.expire()
}

type copies[V any] struct {
	mu     sync.Mutex
	rev    func(V) int64
	held   map[core.ID]V
	floors map[core.ID]int64
}

func (c *copies[V]) get(
	ctx context.Context, id core.ID, read func(context.Context, core.ID) (V, error),
) (V, error) {
	for {
		c.mu.Lock()
		held, known := c.held[id]
		c.mu.Unlock()
		if known {
			return held, nil
		}
		fresh, err := read(ctx, id)
		if err != nil || c.keep(id, fresh) {
			return fresh, err
		}
	}
}

func (c *copies[V]) keep(id core.ID, fresh V) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rev(fresh) < c.floors[id] {
		return false
	}
	c.held[id] = fresh
	return true
}

func (c *copies[V]) raise(change core.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.floors[change.ID] = max(c.floors[change.ID], change.Rev)
	if held, known := c.held[change.ID]; known && c.rev(held) < change.Rev {
		delete(c.held, change.ID)
	}
}

func (c *copies[V]) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held, c.floors = map[core.ID]V{}, map[core.ID]int64{}
}

func TestSharedCache(t *testing.T) {
	t.Parallel()
	sessiontest.Cache(t, func(_ *testing.T, primary sessiontest.Lookups) sessiontest.Caches {
		cache := newShared(primary)
		replica := sessiontest.Replica{Lookups: cache, Publisher: cache}
		return sessiontest.Caches{Replicas: []sessiontest.Replica{replica, replica}, Expire: cache.expire}
	})
}
