// Package inprocess caches what every request looks up, for a deployment of one process. It keeps the same
// promises as package valkey without a server; use that one as soon as there are two replicas.
package inprocess

import (
	"context"
	"slices"
	"time"

	"github.com/doorward/doorward/adapters/internal/fill"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

const (
	// TTL is how long a copy lives. Changes of this process drop it at once; the limit is for those of
	// others that write to the same database, a cleanup or a seeder.
	TTL = 30 * time.Second
	// Size is how many sessions and how many users are held: some 40 MiB when both are full.
	Size = 1 << 15
)

// The results of a lookup, as Observer is told them.
const (
	// ResultHit is a lookup answered from the cache.
	ResultHit = "hit"
	// ResultMiss is one that asked the primary, alone or with others.
	ResultMiss = "miss"
)

// Observer counts lookups. Its methods return at once.
type Observer interface {
	// LookedUp tells how one lookup was answered: ResultHit or ResultMiss.
	LookedUp(subject core.Subject, result string)
}

// Primary is what is remembered.
type Primary interface {
	session.Lookup
	access.Lookup
}

// Sessions is a session.Lookup and an access.Lookup that remembers what another one answered, and the session.Publisher
// that makes it forget. Safe for concurrent use.
type Sessions struct {
	clock      core.Clock
	primary    Primary
	observer   Observer
	sessions   *fill.Memory[session.Session]
	users      *fill.Memory[account.User]
	catalogues *fill.Memory[*access.Catalogue]
}

var (
	_ Primary           = (*Sessions)(nil)
	_ session.Publisher = (*Sessions)(nil)
)

// NewSessions makes an empty cache in front of the primary, whose copies age by the clock. observer may be
// nil.
func NewSessions(primary Primary, clock core.Clock, observer Observer) *Sessions {
	if observer == nil {
		observer = unobserved{}
	}
	return &Sessions{
		clock:      clock,
		primary:    primary,
		observer:   observer,
		sessions:   fill.NewMemory[session.Session](Size),
		users:      fill.NewMemory[account.User](Size),
		catalogues: fill.NewMemory[*access.Catalogue](1),
	}
}

// Session implements session.Lookup. Callers share the copy's slices and must not write to their elements.
// Errors: those of the primary, and KindUnavailable when ctx ends or two seconds pass.
func (s *Sessions) Session(ctx context.Context, id core.ID) (session.Session, error) {
	now := s.clock.Now()
	if held, ok := s.sessions.Get(id, now); ok {
		s.observer.LookedUp(core.SubjectSession, ResultHit)
		return held, nil
	}
	s.observer.LookedUp(core.SubjectSession, ResultMiss)
	return s.sessions.Load(ctx, id, now, TTL, func(ctx context.Context) (fill.Value[session.Session], error) {
		began := time.Now()
		read, err := s.primary.Session(ctx, id)
		read.Factors = slices.Clip(read.Factors)
		return fill.Value[session.Session]{Held: read, Rev: read.Rev, ReadAt: began}, err
	})
}

// User implements session.Lookup like Session.
func (s *Sessions) User(ctx context.Context, id core.ID) (account.User, error) {
	now := s.clock.Now()
	if held, ok := s.users.Get(id, now); ok {
		s.observer.LookedUp(core.SubjectUser, ResultHit)
		return held, nil
	}
	s.observer.LookedUp(core.SubjectUser, ResultMiss)
	return s.users.Load(ctx, id, now, TTL, func(ctx context.Context) (fill.Value[account.User], error) {
		began := time.Now()
		read, err := s.primary.User(ctx, id)
		read.Roles = slices.Clip(read.Roles)
		return fill.Value[account.User]{Held: read, Rev: read.Rev, ReadAt: began}, err
	})
}

// Catalogue implements access.Lookup like Session.
func (s *Sessions) Catalogue(ctx context.Context) (*access.Catalogue, error) {
	now := s.clock.Now()
	if held, ok := s.catalogues.Get(core.ID{}, now); ok {
		s.observer.LookedUp(core.SubjectAccess, ResultHit)
		return held, nil
	}
	s.observer.LookedUp(core.SubjectAccess, ResultMiss)
	return s.catalogues.Load(ctx, core.ID{}, now, TTL, func(ctx context.Context) (fill.Value[*access.Catalogue], error) {
		began := time.Now()
		read, err := s.primary.Catalogue(ctx)
		if err != nil {
			return fill.Value[*access.Catalogue]{}, err
		}
		return fill.Value[*access.Catalogue]{Held: read, Rev: read.Rev, ReadAt: began}, nil
	})
}

// Publish implements session.Publisher. It never fails.
func (s *Sessions) Publish(_ context.Context, changes ...core.Change) error {
	for _, change := range changes {
		switch change.Subject {
		case core.SubjectSession:
			s.sessions.Raise(change.ID, change.Rev)
		case core.SubjectUser:
			s.users.Raise(change.ID, change.Rev)
		case core.SubjectAccess:
			s.catalogues.Raise(change.ID, change.Rev)
		}
	}
	return nil
}

type unobserved struct{}

// LookedUp implements Observer.
func (unobserved) LookedUp(core.Subject, string) {}
