// Package sessiontest proves that a part keeps the contracts of package session. Store, Ender, Lookup and
// Journal are the suites for databases, Cache the one for what stands between a Lookup and its callers.
// Memory is the fake that tests of use cases run on; it passes the same suites.
package sessiontest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device/devicetest"
	"github.com/doorward/doorward/core/lockout/lockouttest"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/session"
)

// Users finds users of any status; account.Store is one.
type Users interface {
	// Find gives a user. core.ErrNotFound.
	Find(ctx context.Context, id core.ID) (account.User, error)
}

// Beside are the fakes that a sign-in writes to as well, all in the one database.
type Beside struct {
	Devices *devicetest.Memory
	Tries   *lockouttest.Memory
	Outbox  Outbox
}

// Outbox queues sealed letters; mail.Outbox is one.
type Outbox interface {
	// Put queues a message in ctx's transaction.
	Put(ctx context.Context, envelope mail.Envelope) error
}

// NewBeside makes empty fakes for a store of sessions, with users as those of the devices.
func NewBeside(db *coretest.Database, users Users, outbox Outbox) Beside {
	devices := devicetest.NewMemory(db, users)
	return Beside{Devices: devices, Tries: lockouttest.NewMemory(db, devices), Outbox: outbox}
}

// Memory is session.Store, session.Ender and session.Lookup in memory. It takes part in the transactions
// of its database, which is also its journal.
type Memory struct {
	db     *coretest.Database
	users  Users
	beside Beside
	rows   *coretest.Table[core.ID, session.Session]
	// opened is when each session was opened, of those too that have long been removed.
	opened *coretest.Table[core.ID, time.Time]
}

var (
	_ session.Store   = (*Memory)(nil)
	_ session.Ender   = (*Memory)(nil)
	_ session.Lookup  = (*Memory)(nil)
	_ session.Journal = (*coretest.Database)(nil)
)

// NewMemory makes an empty store of sessions whose users are those of the given fake, which must live in
// the same database.
func NewMemory(db *coretest.Database, users Users, beside Beside) *Memory {
	m := &Memory{
		db: db, users: users, beside: beside, rows: coretest.NewTable[core.ID, session.Session](db),
		opened: coretest.NewTable[core.ID, time.Time](db),
	}
	db.OnRemoved(m.userRemoved)
	coretest.Expires(db, "sessions", m.rows, over, nil)
	return m
}

// over is when a session ended or will have expired.
func over(s session.Session) time.Time {
	for _, limit := range []time.Time{s.IdleExpiresAt, s.ExpiresAt} {
		if s.EndedAt.IsZero() || limit.Before(s.EndedAt) {
			s.EndedAt = limit
		}
	}
	return s.EndedAt
}

func (m *Memory) userRemoved(subject string, id core.ID) {
	if subject != "user" {
		return
	}
	for key, row := range m.rows.All() {
		if row.UserID == id {
			m.rows.Delete(key)
		}
	}
}

// do runs fn in the transaction of ctx or in one of its own. Its error dooms no outer transaction: every
// method checks before it changes anything.
func (m *Memory) do(ctx context.Context, fn func(ctx context.Context) error) error {
	var outcome error
	err := m.db.InTx(ctx, func(ctx context.Context) error {
		outcome = fn(ctx)
		return nil
	})
	return cmp.Or(err, outcome)
}

func clone(s session.Session) session.Session {
	s.Factors = slices.Clone(s.Factors)
	return s
}

// Open implements session.Store.
func (m *Memory) Open(ctx context.Context, opening session.Opening) (evicted []core.Change, err error) {
	err = m.do(ctx, func(ctx context.Context) error {
		opened := opening.Session
		user, findErr := m.users.Find(ctx, opened.UserID)
		if findErr != nil || user.Rev != opening.UserRev || user.Status != account.StatusActive {
			return core.ErrConflict
		}
		inUse := m.inUse(user.ID, opening.Device.ID)
		m.rows.Put(opened.ID, clone(opened))
		m.opened.Put(opened.ID, opened.CreatedAt)
		live := m.live(opened.UserID, opened.CreatedAt)
		for _, old := range live[min(opening.Limit, len(live)):] {
			evicted = append(evicted, m.end(old, session.EndEvicted, opened.CreatedAt))
		}
		return m.openBeside(ctx, opening, evicted, inUse)
	})
	return evicted, err
}

// Opened gives when every session was opened, of those too that are removed, in any order. Call it inside Do of the
// database.
func (m *Memory) Opened() []time.Time { return slices.Collect(maps.Values(m.opened.All())) }

// Kept gives every session that is not removed, in any order. Call it inside Do of the database.
func (m *Memory) Kept() []session.Session { return slices.Collect(maps.Values(m.rows.All())) }

// inUse reports whether the user has been signed in before.
func (m *Memory) inUse(user, device core.ID) bool {
	for _, row := range m.rows.All() {
		if row.UserID == user {
			return true
		}
	}
	return m.beside.Devices.Any(user, device)
}

// openBeside writes what comes with the session.
func (m *Memory) openBeside(ctx context.Context, opening session.Opening, evicted []core.Change, inUse bool) error {
	switch {
	case opening.Renews:
		m.beside.Devices.Renew(opening.Device)
	case !opening.Device.ID.IsZero():
		m.beside.Devices.Add(opening.Device)
	}
	m.db.Record(opening.Events...)
	if len(evicted) > 0 && !opening.Evicted.ID.IsZero() {
		m.db.Record(naming(opening.Evicted, evicted))
	}
	if err := m.beside.Tries.Clear(ctx, opening.Clear...); err != nil {
		return err
	}
	return cmp.Or(
		m.queue(ctx, opening.NewDevice, inUse),
		m.queue(ctx, opening.Farewell, len(evicted) > 0),
	)
}

func (m *Memory) queue(ctx context.Context, envelope mail.Envelope, due bool) error {
	if !due || envelope.ID.IsZero() {
		return nil
	}
	return m.beside.Outbox.Put(ctx, envelope)
}

// naming gives the event with the sessions that were evicted.
func naming(event audit.Event, evicted []core.Change) audit.Event {
	var ids []string
	for _, change := range evicted {
		ids = append(ids, change.ID.String())
	}
	slices.Sort(ids)
	event.Metadata = map[string]string{
		"sessions": strings.Join(ids[:min(session.EvictedNamed, len(ids))], " "), "count": strconv.Itoa(len(ids)),
	}
	return event
}

func (m *Memory) live(user core.ID, now time.Time) []session.Session {
	return m.rows.Rows(
		func(s session.Session) bool { return s.UserID == user && s.Live(now) },
		func(a, b session.Session) int { return comparePositions(position(b), position(a)) },
	)
}

func position(s session.Session) core.Position { return core.Position{At: s.CreatedAt, ID: s.ID} }

func comparePositions(a, b core.Position) int {
	return cmp.Or(a.At.Compare(b.At), coretest.CompareIDs(a.ID, b.ID))
}

func (m *Memory) end(s session.Session, reason session.EndReason, now time.Time) core.Change {
	s.EndedAt, s.EndReason = now, reason
	return m.raise(s, now)
}

func (m *Memory) raise(s session.Session, now time.Time) core.Change {
	s.Rev++
	m.rows.Put(s.ID, s)
	change := core.Change{Subject: core.SubjectSession, ID: s.ID, Rev: s.Rev}
	m.db.Journal(now, change)
	return change
}

// Refresh implements session.Store.
func (m *Memory) Refresh(
	ctx context.Context, token session.Presented, rotation session.Rotation,
) (refreshed session.Session, user account.User, err error) {
	err = m.do(ctx, func(ctx context.Context) error {
		row, found := m.rows.Get(token.SessionID)
		if !found || !row.Live(rotation.Now) {
			return core.ErrNotFound
		}
		owner, findErr := m.users.Find(ctx, row.UserID)
		if findErr != nil || owner.Status != account.StatusActive {
			return core.ErrNotFound
		}
		row, outcome := row.Present(token, rotation)
		if !outcome.Living() {
			return core.ErrNotFound
		}
		m.rows.Put(row.ID, row)
		refreshed, user = clone(row), owner
		return nil
	})
	return refreshed, user, err
}

// Find implements session.Store.
func (m *Memory) Find(ctx context.Context, id core.ID) (found session.Session, err error) {
	err = m.do(ctx, func(context.Context) error {
		row, known := m.rows.Get(id)
		if !known {
			return core.ErrNotFound
		}
		found = clone(row)
		return nil
	})
	return found, err
}

// List implements session.Store.
func (m *Memory) List(
	ctx context.Context, user core.ID, now time.Time, page core.Page,
) (listed []session.Session, err error) {
	err = m.do(ctx, func(context.Context) error {
		for _, row := range m.live(user, now) {
			behind := page.After.IsZero() || comparePositions(position(row), page.After) < 0
			if behind && len(listed) < page.Limit {
				listed = append(listed, clone(row))
			}
		}
		return nil
	})
	return listed, err
}

// Prove implements session.Store.
func (m *Memory) Prove(
	ctx context.Context, id core.ID, authTime time.Time, factors []string,
) (proven session.Session, change core.Change, err error) {
	err = m.do(ctx, func(context.Context) error {
		row, found := m.rows.Get(id)
		if !found || !row.Live(authTime) {
			return core.ErrNotFound
		}
		row.AuthTime, row.Factors = authTime, slices.Clone(factors)
		change = m.raise(row, authTime)
		row.Rev = change.Rev
		proven = clone(row)
		return nil
	})
	return proven, change, err
}

// End implements session.Ender.
func (m *Memory) End(
	ctx context.Context, user, id core.ID, reason session.EndReason, now time.Time, events ...audit.Event,
) (change core.Change, err error) {
	err = m.do(ctx, func(context.Context) error {
		row, found := m.rows.Get(id)
		if !found || row.UserID != user || !row.Live(now) {
			return core.ErrNotFound
		}
		change = m.end(row, reason, now)
		m.db.Record(events...)
		return nil
	})
	return change, err
}

// EndAll implements session.Ender.
func (m *Memory) EndAll(
	ctx context.Context, user, except core.ID, reason session.EndReason, now time.Time, events ...audit.Event,
) (changes []core.Change, err error) {
	err = m.do(ctx, func(context.Context) error {
		for _, row := range m.live(user, now) {
			if row.ID != except {
				changes = append(changes, m.end(row, reason, now))
			}
		}
		if len(changes) > 0 {
			m.db.Record(events...)
		}
		return nil
	})
	return changes, err
}

// Session implements session.Lookup.
func (m *Memory) Session(ctx context.Context, id core.ID) (session.Session, error) {
	found, err := m.Find(ctx, id)
	found.Chain = session.Chain{}
	return found, err
}

// User implements session.Lookup.
func (m *Memory) User(ctx context.Context, id core.ID) (found account.User, err error) {
	err = m.do(ctx, func(ctx context.Context) error {
		found, err = m.users.Find(ctx, id)
		found.Password = ""
		return err
	})
	return found, err
}
