package sessiontest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/session"
)

// Lookups are what every authenticated request asks: of sessions, users, and what those may do.
type Lookups interface {
	session.Lookup
	access.Lookup
}

// Replica is one process's cache: the lookup that it decorates and the publisher beside it.
type Replica struct {
	Lookups
	session.Publisher
}

// Caches are the replicas under test, one or more, before one primary.
type Caches struct {
	Replicas []Replica
	// Expire makes everything that was cached so far be past its time-to-live.
	Expire func()
}

// OpenCache makes empty caches before the primary for one case, and closes them in t.Cleanup.
type OpenCache func(t *testing.T, primary Lookups) Caches

// Cache is the contract of what stands between a session.Lookup or access.Lookup and its callers, with its
// session.Publisher: copies are given only while they are the newest.
func Cache(t *testing.T, open OpenCache) {
	t.Helper()
	for name, test := range map[string]func(b *cacheBench){
		"gives what the primary has":                cacheGives,
		"asks the primary once while nothing moves": cacheHolds,
		"gives what a change made of it":            cacheChanges,
		"is not set back by an older change":        cacheOlderChange,
		"keeps no fill that a change overtook":      cacheStaleFill,
		"settles on the last of many changes":       cacheManyChanges,
		"invents nothing":                           cacheUnknown,
		"keeps no failure":                          cacheFailure,
		"waits no longer than its caller":           cacheImpatience,
		"forgets in time":                           cacheExpiry,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newCacheBench(t)
			b.Caches = open(t, b.primary)
			test(b)
		})
	}
}

// patience is how long a case waits for what reaches other replicas by itself. It is generous: how fast
// that is belongs to a benchmark.
const patience = 5 * time.Second

type cacheBench struct {
	*testing.T
	Caches
	primary *primary
	held    session.Session
	owner   account.User
	content access.Content
}

func newCacheBench(t *testing.T) *cacheBench {
	b := &bench{reporter: t, clock: coretest.NewClock(), ids: core.NewIDs(coretest.NewClock())}
	owner := account.User{
		ID: b.ids.New(), Email: "zoë@example.com", EmailKey: "zoë@example.com", Status: account.StatusActive,
		Profile: account.Profile{Name: "Zoë Ångström"}, Roles: []string{account.RoleAdmin, account.RoleUser},
		CreatedAt: b.clock.Now(), UpdatedAt: b.clock.Now(), Rev: 1,
	}
	held := b.fresh(owner)
	held.Chain = session.Chain{}
	primary := &primary{sessions: map[core.ID]session.Session{}, users: map[core.ID]account.User{}}
	primary.put(held)
	primary.putUser(owner)
	content := access.Content{
		Rev:         1,
		Permissions: []access.Permission{{ID: b.ids.New(), Key: access.UsersRead.Key(), Category: "users", System: true}},
		Roles:       []access.Role{{ID: b.ids.New(), Name: account.RoleAdmin, Permissions: []string{access.UsersRead.Key()}}},
	}
	primary.putContent(content)
	return &cacheBench{T: t, primary: primary, held: held, owner: owner, content: content}
}

// primary is the lookup behind the caches, with a gate for its reads.
type primary struct {
	mu       sync.Mutex
	sessions map[core.ID]session.Session
	users    map[core.ID]account.User
	content  access.Content
	reads    int
	failure  error
	gate     *gate
}

// gate holds a read between its reading and its answer.
type gate struct{ reached, open chan struct{} }

func (p *primary) put(s session.Session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions[s.ID] = s
}

func (p *primary) putUser(u account.User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users[u.ID] = u
}

func (p *primary) putContent(content access.Content) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.content = content
}

func (p *primary) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = err
}

// hold stops the next read at a gate.
func (p *primary) hold() *gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gate = &gate{reached: make(chan struct{}), open: make(chan struct{})}
	return p.gate
}

func (p *primary) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reads
}

// Session implements session.Lookup.
func (p *primary) Session(ctx context.Context, id core.ID) (session.Session, error) {
	return read(ctx, p, func() (session.Session, bool) { row, known := p.sessions[id]; return row, known })
}

// User implements session.Lookup.
func (p *primary) User(ctx context.Context, id core.ID) (account.User, error) {
	return read(ctx, p, func() (account.User, bool) { row, known := p.users[id]; return row, known })
}

// Catalogue implements access.Lookup.
func (p *primary) Catalogue(ctx context.Context) (*access.Catalogue, error) {
	content, err := read(ctx, p, func() (access.Content, bool) { return p.content, true })
	return access.Compile(content), err
}

func read[V any](ctx context.Context, p *primary, find func() (V, bool)) (V, error) {
	p.mu.Lock()
	row, known := find()
	err, gate := p.failure, p.gate
	p.reads, p.gate = p.reads+1, nil
	p.mu.Unlock()
	if gate != nil {
		close(gate.reached)
		select {
		case <-gate.open:
		case <-ctx.Done():
			return row, core.Unavailable(ctx.Err())
		}
	}
	if err == nil && !known {
		err = core.ErrNotFound
	}
	return row, err
}

// raise stores the session ended, the owner suspended and their role taking or giving another permission, with the
// revision, and gives the changes.
func (b *cacheBench) raise(rev int64) []core.Change {
	b.held.EndedAt, b.held.EndReason, b.held.Rev = b.held.CreatedAt.Add(time.Minute), session.EndRevoked, rev
	b.owner.Status, b.owner.Rev = account.StatusSuspended, rev
	b.primary.put(b.held)
	b.primary.putUser(b.owner)
	b.content = access.Content{Rev: rev, Permissions: b.content.Permissions, Roles: slices.Clone(b.content.Roles)}
	b.content.Roles[0].SecondFactorSince = b.held.CreatedAt.Add(time.Duration(rev) * time.Second)
	b.primary.putContent(b.content)
	return []core.Change{
		{Subject: core.SubjectAccess, Rev: rev},
		{Subject: core.SubjectSession, ID: b.held.ID, Rev: rev},
		{Subject: core.SubjectUser, ID: b.owner.ID, Rev: rev},
	}
}

func (b *cacheBench) publish(replica Replica, changes ...core.Change) {
	b.Helper()
	if err := replica.Publish(b.Context(), changes...); err != nil {
		b.Fatalf("publish: %v", err)
	}
}

// look gives what a replica holds of the session, its owner and what that may do.
func (b *cacheBench) look(replica Replica) (session.Session, account.User, access.Content) {
	b.Helper()
	held, err := replica.Session(b.Context(), b.held.ID)
	if err != nil {
		b.Fatalf("session: %v", err)
	}
	owner, err := replica.User(b.Context(), b.owner.ID)
	if err != nil {
		b.Fatalf("user: %v", err)
	}
	catalogue, err := replica.Catalogue(b.Context())
	if err != nil {
		b.Fatalf("catalogue: %v", err)
	}
	return held, owner, catalogue.Content
}

// eventually waits until done holds.
func (b *cacheBench) eventually(what string, done func() bool) {
	b.Helper()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	deadline := time.After(patience)
	for !done() {
		select {
		case <-poll.C:
		case <-deadline:
			b.Fatalf("%s: not after %v", what, patience)
		}
	}
}

// settled waits until every replica gives the session and the owner as the primary has them, and checks
// that none goes back behind it.
func (b *cacheBench) settled(what string) {
	b.Helper()
	report := &bench{reporter: b.T}
	for _, replica := range b.Replicas {
		b.eventually(what, func() bool {
			held, owner, content := b.look(replica)
			return held.Rev >= b.held.Rev && owner.Rev >= b.owner.Rev && content.Rev >= b.content.Rev
		})
	}
	for range 20 {
		for _, replica := range b.Replicas {
			held, owner, content := b.look(replica)
			report.same(what+": session", held, b.held)
			report.same(what+": user", owner, b.owner)
			report.same(what+": catalogue", content, b.content)
		}
	}
}

func cacheGives(b *cacheBench) {
	b.settled("live session, active user")
}

func cacheHolds(b *cacheBench) {
	quiet := func(what string) {
		for _, replica := range b.Replicas {
			b.eventually(what, func() bool {
				before := b.primary.count()
				for range 10 {
					b.look(replica)
				}
				return b.primary.count() == before
			})
		}
	}
	quiet("lookups of a live session without a read of the primary")
	b.publish(b.Replicas[0], b.raise(2)...)
	b.settled("ended session")
	quiet("lookups of an ended session without a read of the primary")
}

func cacheChanges(b *cacheBench) {
	for rev := int64(2); rev <= 4; rev++ {
		b.settled("before the change")
		publisher := b.Replicas[int(rev)%len(b.Replicas)]
		b.publish(publisher, b.raise(rev)...)
		b.settled("after the change")
	}
}

func cacheOlderChange(b *cacheBench) {
	older := b.raise(2)
	b.publish(b.Replicas[0], b.raise(3)...)
	b.settled("after the newer change")
	b.publish(b.Replicas[len(b.Replicas)-1], older...)
	b.settled("after the older change")
	b.Expire()
	b.settled("after the older change, in time")
}

// cacheStaleFill holds a reader of the primary, which has read the old revision, while the new one is
// committed and published. What it read must neither be kept nor be given.
func cacheStaleFill(b *cacheBench) {
	reads := []func(Replica) (int64, error){
		func(r Replica) (int64, error) { s, err := r.Session(b.Context(), b.held.ID); return s.Rev, err },
		func(r Replica) (int64, error) { u, err := r.User(b.Context(), b.owner.ID); return u.Rev, err },
		func(r Replica) (int64, error) {
			c, err := r.Catalogue(b.Context())
			if err != nil {
				return 0, err
			}
			return c.Rev, nil
		},
	}
	for i := range 6 * len(b.Replicas) {
		b.Expire()
		filler, publisher := b.Replicas[i%len(b.Replicas)], b.Replicas[i/2%len(b.Replicas)]
		rev := int64(i + 2)
		gate := b.primary.hold()
		filled := make(chan int64, 1)
		go func() {
			got, err := reads[i%len(reads)](filler)
			if err != nil {
				b.Errorf("overtaken lookup: %v", err)
			}
			filled <- got
		}()
		b.reached(gate)
		b.publish(publisher, b.raise(rev)...)
		close(gate.open)
		if got := <-filled; got < rev {
			b.Errorf("the overtaken lookup gave revision %d after %d was published", got, rev)
		}
		b.settled("after the overtaken fill")
	}
}

func cacheManyChanges(b *cacheBench) {
	const last = 50
	var stop atomic.Bool
	var readers sync.WaitGroup
	for i := range 8 {
		readers.Go(func() {
			replica := b.Replicas[i%len(b.Replicas)]
			for !stop.Load() {
				if _, err := replica.Session(b.Context(), b.held.ID); err != nil {
					b.Errorf("session: %v", err)
				}
				if _, err := replica.User(b.Context(), b.owner.ID); err != nil {
					b.Errorf("user: %v", err)
				}
				if _, err := replica.Catalogue(b.Context()); err != nil {
					b.Errorf("catalogue: %v", err)
				}
			}
		})
	}
	for rev := int64(2); rev <= last; rev++ {
		b.publish(b.Replicas[int(rev)%len(b.Replicas)], b.raise(rev)...)
	}
	stop.Store(true)
	readers.Wait()
	b.settled("after all changes")
}

func cacheUnknown(b *cacheBench) {
	ids := core.NewIDs(coretest.NewClock())
	for _, replica := range b.Replicas {
		later := b.held
		later.ID = ids.New()
		_, err := replica.User(b.Context(), later.ID)
		wantNotFound(b, "unknown user", err)
		_, err = replica.Session(b.Context(), later.ID)
		wantNotFound(b, "unknown session", err)
		b.publish(replica, core.Change{Subject: core.SubjectSession, ID: later.ID, Rev: later.Rev})
		_, err = replica.Session(b.Context(), later.ID)
		wantNotFound(b, "unknown session, published", err)
		b.primary.put(later)
		if _, err := replica.Session(b.Context(), later.ID); err != nil {
			b.Errorf("a session that was unknown before: %v", err)
		}
	}
}

// reached waits until a read stands at the gate.
func (b *cacheBench) reached(gate *gate) {
	b.Helper()
	select {
	case <-gate.reached:
	case <-time.After(patience):
		b.Fatalf("the primary was not asked within %v", patience)
	}
}

func wantNotFound(b *cacheBench, what string, err error) {
	b.Helper()
	if !errors.Is(err, core.ErrNotFound) {
		b.Errorf("%s: got error %v, want %v", what, err, core.ErrNotFound)
	}
}

func cacheFailure(b *cacheBench) {
	b.primary.fail(core.Unavailable(nil))
	for _, replica := range b.Replicas {
		if _, err := replica.Session(b.Context(), b.held.ID); core.AsError(err).Kind != core.KindUnavailable {
			b.Errorf("lookup while the primary is away: %v", err)
		}
		if _, err := replica.Catalogue(b.Context()); core.AsError(err).Kind != core.KindUnavailable {
			b.Errorf("lookup of the catalogue while the primary is away: %v", err)
		}
	}
	b.primary.fail(nil)
	b.settled("the primary is back")
}

func cacheImpatience(b *cacheBench) {
	gate := b.primary.hold()
	ctx, cancel := context.WithCancel(b.Context())
	answered := make(chan error, 1)
	go func() {
		_, err := b.Replicas[0].Session(ctx, b.held.ID)
		answered <- err
	}()
	b.reached(gate)
	cancel()
	if err := <-answered; core.AsError(err).Kind != core.KindUnavailable {
		b.Errorf("lookup whose caller left: %v", err)
	}
	close(gate.open)
	b.settled("after a caller left")
}

// cacheExpiry changes the primary behind the caches' back, as no writer should.
func cacheExpiry(b *cacheBench) {
	b.settled("before")
	b.raise(2)
	b.Expire()
	b.settled("past the time-to-live")
}
