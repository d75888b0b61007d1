// Package verificationtest holds the contract suites of the verification stores and the in-memory fakes
// of them.
package verificationtest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/verification"
)

// Flows is a verification.Flows in memory.
type Flows struct {
	db       *coretest.Database
	rows     *coretest.Table[core.ID, flow]
	failures *coretest.Table[string, int]
}

type flow struct {
	verification.Flow
	closed bool
}

func (f flow) live(now time.Time) bool {
	return !f.closed && now.Before(f.ExpiresAt) && f.Tries < verification.MaxTries
}

// NewFlows makes an empty store that takes part in the database's transactions.
func NewFlows(db *coretest.Database) *Flows {
	store := &Flows{
		db: db, rows: coretest.NewTable[core.ID, flow](db), failures: coretest.NewTable[string, int](db),
	}
	coretest.Expires(db, "codes", store.rows, func(row flow) time.Time { return row.ExpiresAt }, nil)
	db.OnRemoved(func(_ string, subject core.ID) {
		for id, row := range store.rows.All() {
			if row.Registration == subject || row.User == subject {
				store.rows.Delete(id)
			}
		}
	})
	return store
}

// Start implements verification.Flows.
func (f *Flows) Start(ctx context.Context, started verification.Flow) error {
	return f.db.Do(ctx, func() error {
		row, known := f.rows.Get(started.ID)
		if !known {
			row = flow{Flow: started}
		}
		row.CreatedAt = started.CreatedAt
		row.ExpiresAt = started.ExpiresAt
		row.Digest = slices.Clone(started.Digest)
		row.Detail = slices.Clone(started.Detail)
		f.rows.Put(row.ID, row)
		f.expireSurplus(row)
		return nil
	})
}

func (f *Flows) expireSurplus(latest flow) {
	live := f.rows.Rows(
		func(row flow) bool {
			return row.Subject == latest.Subject && row.Purpose == latest.Purpose && !row.closed &&
				latest.CreatedAt.Before(row.ExpiresAt)
		},
		func(a, b flow) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), coretest.CompareIDs(b.ID, a.ID))
		})
	for _, row := range live[min(verification.MaxLive, len(live)):] {
		row.ExpiresAt = latest.CreatedAt
		f.rows.Put(row.ID, row)
	}
}

// Find implements verification.Flows.
func (f *Flows) Find(ctx context.Context, id core.ID) (verification.Flow, error) {
	return f.take(ctx, id, func(row *flow) bool { return !row.closed })
}

// Try implements verification.Flows.
func (f *Flows) Try(
	ctx context.Context, id core.ID, purpose verification.Purpose, now time.Time,
) (verification.Flow, error) {
	if f.db.InTransaction(ctx) {
		return verification.Flow{}, core.Internal(errors.New("verificationtest: Try inside a transaction"))
	}
	return f.take(ctx, id, func(row *flow) bool {
		failures, _ := f.failures.Get(row.Subject)
		if row.Purpose != purpose || !row.live(now) || failures >= purpose.Failures() {
			return false
		}
		row.Tries++
		f.failures.Put(row.Subject, failures+1)
		return true
	})
}

// Use implements verification.Flows.
func (f *Flows) Use(ctx context.Context, id core.ID, now time.Time) error {
	_, err := f.take(ctx, id, func(row *flow) bool {
		if row.closed || !now.Before(row.ExpiresAt) {
			return false
		}
		row.closed = true
		f.failures.Delete(row.Subject)
		return true
	})
	return err
}

// Forgive implements verification.Flows.
func (f *Flows) Forgive(ctx context.Context, subject string) error {
	return f.db.Do(ctx, func() error {
		f.failures.Delete(subject)
		return nil
	})
}

// KillUser implements verification.Flows.
func (f *Flows) KillUser(ctx context.Context, user core.ID, purposes ...verification.Purpose) error {
	return f.db.Do(ctx, func() error {
		for id, row := range f.rows.All() {
			if row.User == user && slices.Contains(purposes, row.Purpose) {
				row.closed = true
				f.rows.Put(id, row)
			}
		}
		return nil
	})
}

func (f *Flows) take(ctx context.Context, id core.ID, change func(*flow) bool) (taken verification.Flow, err error) {
	err = f.db.Do(ctx, func() error {
		row, known := f.rows.Get(id)
		if !known || !change(&row) {
			return core.ErrNotFound
		}
		f.rows.Put(id, row)
		taken = row.Flow
		return nil
	})
	return taken, err
}

// Links is a verification.Links in memory.
type Links struct {
	db   *coretest.Database
	rows *coretest.Table[secret.TokenDigest, verification.Link]
}

// NewLinks makes an empty store that takes part in the database's transactions.
func NewLinks(db *coretest.Database) *Links {
	store := &Links{db: db, rows: coretest.NewTable[secret.TokenDigest, verification.Link](db)}
	coretest.Expires(db, "links", store.rows, func(row verification.Link) time.Time { return row.ExpiresAt }, nil)
	db.OnRemoved(func(_ string, subject core.ID) {
		for digest, row := range store.rows.All() {
			if row.Registration == subject || row.User == subject {
				store.rows.Delete(digest)
			}
		}
	})
	return store
}

// Put implements verification.Links.
func (l *Links) Put(ctx context.Context, link verification.Link) error {
	return l.db.Do(ctx, func() error {
		link.Detail = slices.Clone(link.Detail)
		l.rows.Put(link.Digest, link)
		return nil
	})
}

// Find implements verification.Links.
func (l *Links) Find(
	ctx context.Context, digest secret.TokenDigest, purpose verification.Purpose, now time.Time,
) (link verification.Link, err error) {
	err = l.db.Do(ctx, func() error {
		row, known := l.rows.Get(digest)
		if !known || row.Purpose != purpose || !now.Before(row.ExpiresAt) {
			return core.ErrNotFound
		}
		link = row
		return nil
	})
	return link, err
}

// Use implements verification.Links.
func (l *Links) Use(
	ctx context.Context, digest secret.TokenDigest, purpose verification.Purpose, now time.Time,
) (link verification.Link, err error) {
	err = l.db.Do(ctx, func() error {
		row, known := l.rows.Get(digest)
		if !known || row.Purpose != purpose || !now.Before(row.ExpiresAt) {
			return core.ErrNotFound
		}
		l.rows.Delete(digest)
		link = row
		return nil
	})
	return link, err
}

// KillUser implements verification.Links.
func (l *Links) KillUser(ctx context.Context, user core.ID, purposes ...verification.Purpose) error {
	return l.db.Do(ctx, func() error {
		for digest, row := range l.rows.All() {
			if row.User == user && slices.Contains(purposes, row.Purpose) {
				l.rows.Delete(digest)
			}
		}
		return nil
	})
}

// Intakes is a verification.Intakes in memory.
type Intakes struct {
	db   *coretest.Database
	rows *coretest.Table[core.ID, intake]
}

type intake struct {
	verification.Intake
	dueAt time.Time
}

// NewIntakes makes an empty store that takes part in the database's transactions.
func NewIntakes(db *coretest.Database) *Intakes {
	store := &Intakes{db: db, rows: coretest.NewTable[core.ID, intake](db)}
	coretest.Expires(db, "intakes", store.rows, func(row intake) time.Time { return row.CreatedAt }, nil)
	return store
}

// Put implements verification.Intakes.
func (i *Intakes) Put(ctx context.Context, put verification.Intake) error {
	return i.db.Do(ctx, func() error {
		put.Payload = slices.Clone(put.Payload)
		i.rows.Put(put.ID, intake{Intake: put, dueAt: put.CreatedAt})
		return nil
	})
}

// Claim implements verification.Intakes.
func (i *Intakes) Claim(
	ctx context.Context, now time.Time, lease time.Duration, limit int,
) (claimed []verification.Intake, err error) {
	err = i.db.Do(ctx, func() error {
		due := i.rows.Rows(
			func(row intake) bool { return !row.dueAt.After(now) },
			func(a, b intake) int {
				return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), coretest.CompareIDs(a.ID, b.ID))
			})
		for _, row := range due[:min(limit, len(due))] {
			row.Attempts++
			row.dueAt = now.Add(lease)
			i.rows.Put(row.ID, row)
			claimed = append(claimed, row.Intake)
		}
		return nil
	})
	return claimed, err
}

// Done implements verification.Intakes.
func (i *Intakes) Done(ctx context.Context, id core.ID) error {
	return i.db.Do(ctx, func() error {
		if !i.rows.Delete(id) {
			return core.ErrNotFound
		}
		return nil
	})
}
