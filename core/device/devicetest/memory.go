// Package devicetest proves that a store keeps the contract of device.Store. Memory is the fake that tests of use
// cases run on; it passes the same suite.
package devicetest

import (
	"cmp"
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/lockout"
)

// Users finds users of any status; account.Store is one.
type Users interface {
	// Find gives a user. core.ErrNotFound.
	Find(ctx context.Context, id core.ID) (account.User, error)
}

// Memory is device.Store in memory. It takes part in the transactions of its database.
type Memory struct {
	db    *coretest.Database
	users Users
	rows  *coretest.Table[core.ID, device.Device]
}

var _ device.Store = (*Memory)(nil)

// NewMemory makes an empty store of devices whose users are those of the given fake, which must live in the same
// database.
func NewMemory(db *coretest.Database, users Users) *Memory {
	m := &Memory{db: db, users: users, rows: coretest.NewTable[core.ID, device.Device](db)}
	db.OnRemoved(func(subject string, id core.ID) {
		if subject == "user" {
			m.forget(func(d device.Device) bool { return d.UserID == id })
		}
	})
	coretest.Expires(db, "devices", m.rows, func(d device.Device) time.Time { return d.ExpiresAt }, nil)
	return m
}

// Put implements device.Store. Its refusal dooms no transaction around it.
func (m *Memory) Put(ctx context.Context, added device.Device) error {
	var refusal error
	err := m.db.InTx(ctx, func(ctx context.Context) error {
		if _, refusal = m.users.Find(ctx, added.UserID); refusal == nil {
			m.Add(added)
		}
		return nil
	})
	return cmp.Or(err, refusal)
}

// Add is Put for a user who is known to exist. Call it inside Do.
func (m *Memory) Add(added device.Device) {
	others := m.rows.Rows(
		func(d device.Device) bool { return d.UserID == added.UserID },
		func(a, b device.Device) int {
			return cmp.Or(b.LastUsedAt.Compare(a.LastUsedAt), coretest.CompareIDs(b.ID, a.ID))
		},
	)
	for i, other := range others {
		if i >= device.MaxDevices-1 {
			m.rows.Delete(other.ID)
		}
	}
	m.rows.Put(added.ID, added)
}

// Renew replaces a device of the user that is still there. Call it inside Do.
func (m *Memory) Renew(renewed device.Device) {
	if known, found := m.rows.Get(renewed.ID); found && known.UserID == renewed.UserID {
		m.rows.Put(renewed.ID, renewed)
	}
}

// Any reports whether the user has a device, expired or not, other than the one named. Call it inside Do.
func (m *Memory) Any(user, except core.ID) bool {
	for _, known := range m.rows.All() {
		if known.UserID == user && known.ID != except {
			return true
		}
	}
	return false
}

// Known gives the live device that a reservation names, nil where there is none. Call it inside Do.
func (m *Memory) Known(reservation lockout.Reservation) *device.Device {
	for _, known := range m.rows.All() {
		if known.UserID == reservation.User && known.Digest == reservation.Token &&
			reservation.Now.Before(known.ExpiresAt) && known.Fits(reservation.From) {
			return &known
		}
	}
	return nil
}

// List implements device.Store.
func (m *Memory) List(ctx context.Context, user core.ID, now time.Time, page core.Page) (listed []device.Device, err error) {
	err = m.db.Do(ctx, func() error {
		listed = m.rows.Rows(
			func(d device.Device) bool {
				return d.UserID == user && now.Before(d.ExpiresAt) &&
					(page.After.IsZero() || compare(position(d), page.After) < 0)
			},
			func(a, b device.Device) int { return compare(position(b), position(a)) },
		)
		listed = listed[:min(page.Limit, len(listed))]
		return nil
	})
	return listed, err
}

func position(d device.Device) core.Position { return core.Position{At: d.CreatedAt, ID: d.ID} }

func compare(a, b core.Position) int {
	return cmp.Or(a.At.Compare(b.At), coretest.CompareIDs(a.ID, b.ID))
}

// Forget implements device.Store.
func (m *Memory) Forget(ctx context.Context, user, id core.ID) error {
	return m.db.Do(ctx, func() error {
		if known, found := m.rows.Get(id); !found || known.UserID != user {
			return core.ErrNotFound
		}
		m.rows.Delete(id)
		return nil
	})
}

// ForgetAll implements device.Store.
func (m *Memory) ForgetAll(ctx context.Context, user core.ID) error {
	return m.db.Do(ctx, func() error {
		m.forget(func(d device.Device) bool { return d.UserID == user })
		return nil
	})
}

func (m *Memory) forget(which func(device.Device) bool) {
	for id, known := range m.rows.All() {
		if which(known) {
			m.rows.Delete(id)
		}
	}
}
