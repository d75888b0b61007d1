package valkey

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
)

// publishers is how many changes of one publication are on their way at once.
const publishers = 32

// The results of a lookup, as Observer is told them.
const (
	// ResultHit is a lookup answered from a local copy, without a round trip.
	ResultHit = "hit"
	// ResultMiss is one that asked Valkey, and the primary where Valkey had nothing.
	ResultMiss = "miss"
	// ResultFallback is one that asked the primary, or memory of the last second, because Valkey is not
	// trusted.
	ResultFallback = "fallback"
)

// Observer counts lookups. Its methods return at once.
type Observer interface {
	// LookedUp tells how one lookup was answered: ResultHit, ResultMiss or ResultFallback.
	LookedUp(subject core.Subject, result string)
}

// Primary is what is remembered.
type Primary interface {
	session.Lookup
	access.Lookup
}

// Sessions is a session.Lookup and an access.Lookup that remembers in Valkey, and locally as long as Valkey can take
// it back, what another one answered; and the session.Publisher that takes back. Safe for concurrent use.
type Sessions struct {
	link       *Link
	sessions   *copies[session.Session]
	users      *copies[account.User]
	catalogues *copies[*access.Catalogue]
}

var (
	_ Primary           = (*Sessions)(nil)
	_ session.Publisher = (*Sessions)(nil)
)

// NewSessions makes a cache over link in front of the primary. Make it before the link is started, and one
// for each link. observer may be nil.
func NewSessions(link *Link, primary Primary, observer Observer) *Sessions {
	if observer == nil {
		observer = unobserved{}
	}
	sessions := newCopies(link, core.SubjectSession, localSize, sessionForm(primary), observer)
	users := newCopies(link, core.SubjectUser, localSize, userForm(primary), observer)
	catalogues := newCopies(link, core.SubjectAccess, 1, catalogueForm(primary), observer)
	link.shelves[core.SubjectSession], link.shelves[core.SubjectUser] = sessions, users
	link.shelves[core.SubjectAccess] = catalogues
	return &Sessions{link: link, sessions: sessions, users: users, catalogues: catalogues}
}

func sessionForm(primary session.Lookup) form[session.Session] {
	return form[session.Session]{
		read: func(ctx context.Context, id core.ID) (session.Session, error) {
			read, err := primary.Session(ctx, id)
			read.Factors = slices.Clip(read.Factors)
			return read, err
		},
		rev:    func(held session.Session) int64 { return held.Rev },
		encode: session.EncodeCachedSession,
		decode: session.DecodeCachedSession,
	}
}

func userForm(primary session.Lookup) form[account.User] {
	return form[account.User]{
		read: func(ctx context.Context, id core.ID) (account.User, error) {
			read, err := primary.User(ctx, id)
			read.Roles = slices.Clip(read.Roles)
			return read, err
		},
		rev:    func(held account.User) int64 { return held.Rev },
		encode: session.EncodeCachedUser,
		decode: session.DecodeCachedUser,
	}
}

// catalogueForm is that of the one catalogue. A copy is compiled when it is decoded, and not again.
func catalogueForm(primary access.Lookup) form[*access.Catalogue] {
	return form[*access.Catalogue]{
		read: func(ctx context.Context, _ core.ID) (*access.Catalogue, error) { return primary.Catalogue(ctx) },
		rev: func(held *access.Catalogue) int64 {
			if held == nil {
				return 0 // the read failed
			}
			return held.Rev
		},
		encode: access.EncodeCached,
		decode: access.DecodeCached,
	}
}

// Session implements session.Lookup. It waits for Valkey 100 ms at the most, and not at all when Valkey is
// not trusted. Callers share the copy's slices and must not write to their elements. Errors: those of the
// primary, and KindUnavailable when ctx ends or two seconds pass.
func (s *Sessions) Session(ctx context.Context, id core.ID) (session.Session, error) {
	return s.sessions.lookUp(ctx, id)
}

// User implements session.Lookup like Session.
func (s *Sessions) User(ctx context.Context, id core.ID) (account.User, error) {
	return s.users.lookUp(ctx, id)
}

// Catalogue implements access.Lookup, like Session.
func (s *Sessions) Catalogue(ctx context.Context) (*access.Catalogue, error) {
	return s.catalogues.lookUp(ctx, core.ID{})
}

// Publish implements session.Publisher. This replica knows the changes whatever becomes of the rest. It
// fails at once when Valkey has not answered for two seconds, and within one when ctx sets no earlier limit.
func (s *Sessions) Publish(ctx context.Context, changes ...core.Change) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	for _, change := range changes {
		switch change.Subject {
		case core.SubjectSession:
			s.sessions.raise(change.ID, change.Rev)
		case core.SubjectUser:
			s.users.raise(change.ID, change.Rev)
		case core.SubjectAccess:
			s.catalogues.raise(change.ID, change.Rev)
		}
	}
	var marking errgroup.Group
	marking.SetLimit(publishers)
	for _, change := range changes {
		marking.Go(func() error { return s.link.mark(ctx, change) })
	}
	if err := marking.Wait(); err != nil {
		return core.Unavailable(fmt.Errorf("publish %d changes: %w", len(changes), err))
	}
	return nil
}

type unobserved struct{}

// LookedUp implements Observer.
func (unobserved) LookedUp(core.Subject, string) {}
