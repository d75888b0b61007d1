package valkeytest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/doorward/doorward/adapters/valkey"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/session"
)

// Primary is a database of sessions, their users and what those may do, as far as lookups and revocations know one. Safe
// for concurrent use.
type Primary struct {
	reads atomic.Int64
	ids   *core.IDs

	mu       sync.Mutex
	sessions map[core.ID]session.Session
	users    map[core.ID]account.User
	held     map[core.ID]*Hold
	content  access.Content
}

var _ valkey.Primary = (*Primary)(nil)

// NewPrimary makes an empty one.
func NewPrimary() *Primary {
	return &Primary{
		ids:      core.NewIDs(core.ClockFunc(time.Now)),
		sessions: make(map[core.ID]session.Session),
		users:    make(map[core.ID]account.User),
		held:     make(map[core.ID]*Hold),
		content:  access.Content{Rev: 1},
	}
}

// Open adds a live session of a new user.
func (p *Primary) Open() session.Session {
	now := core.ClockFunc(time.Now).Now()
	user := account.User{
		ID: p.ids.New(), Email: "ada@example.com", EmailKey: "ada@example.com", EmailVerified: true,
		Profile: account.Profile{Name: "Ada", Locale: "en"},
		Status:  account.StatusActive, Roles: []string{account.RoleUser}, CreatedAt: now, UpdatedAt: now, Rev: 1,
	}
	opened := session.Session{
		ID: p.ids.New(), UserID: user.ID, Device: origin.Device{Browser: "Firefox", OS: "Linux"},
		Factors: []string{"pwd"}, AuthTime: now, CreatedAt: now, LastUsedAt: now,
		IdleExpiresAt: now.Add(time.Hour), ExpiresAt: now.Add(2 * time.Hour), Rev: 1,
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users[user.ID], p.sessions[opened.ID] = user, opened
	return opened
}

// End ends a session and gives the change to publish.
func (p *Primary) End(id core.ID) core.Change {
	p.mu.Lock()
	defer p.mu.Unlock()
	ended := p.sessions[id]
	ended.EndedAt, ended.EndReason = time.Now().UTC(), session.EndSignedOut
	ended.Rev++
	p.sessions[id] = ended
	return core.Change{Subject: core.SubjectSession, ID: id, Rev: ended.Rev}
}

// Suspend suspends a user and gives the change to publish.
func (p *Primary) Suspend(id core.ID) core.Change {
	p.mu.Lock()
	defer p.mu.Unlock()
	user := p.users[id]
	user.Status = account.StatusSuspended
	user.Rev++
	p.users[id] = user
	return core.Change{Subject: core.SubjectUser, ID: id, Rev: user.Rev}
}

// Grant gives a permission to the role of all users, or takes it, and gives the change to publish.
func (p *Primary) Grant(keys ...string) core.Change {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.content = access.Content{
		Rev: p.content.Rev + 1, Roles: []access.Role{{Name: account.RoleUser, Permissions: keys}},
		Permissions: []access.Permission{{Key: access.UsersRead.Key()}},
	}
	return core.Change{Subject: core.SubjectAccess, Rev: p.content.Rev}
}

// Reads is how many lookups reached the primary.
func (p *Primary) Reads() int { return int(p.reads.Load()) }

// Hold is a read that has seen the row and does not answer yet.
type Hold struct {
	// Reached is closed when the read has seen the row.
	Reached chan struct{}
	// Release lets the read answer when it is closed.
	Release chan struct{}
}

// Hold holds up the next read of the session.
func (p *Primary) Hold(id core.ID) *Hold {
	next := &Hold{Reached: make(chan struct{}), Release: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[id] = next
	return next
}

// Session implements session.Lookup.
func (p *Primary) Session(ctx context.Context, id core.ID) (session.Session, error) {
	p.reads.Add(1)
	p.mu.Lock()
	read, found := p.sessions[id]
	hold := p.held[id]
	delete(p.held, id)
	p.mu.Unlock()
	if hold != nil {
		close(hold.Reached)
		select {
		case <-hold.Release:
		case <-ctx.Done():
			return session.Session{}, core.Unavailable(ctx.Err())
		}
	}
	if !found {
		return session.Session{}, core.ErrNotFound
	}
	return read, nil
}

// User implements session.Lookup.
func (p *Primary) User(_ context.Context, id core.ID) (account.User, error) {
	p.reads.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	read, found := p.users[id]
	if !found {
		return account.User{}, core.ErrNotFound
	}
	return read, nil
}

// Catalogue implements access.Lookup.
func (p *Primary) Catalogue(context.Context) (*access.Catalogue, error) {
	p.reads.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	return access.Compile(p.content), nil
}
