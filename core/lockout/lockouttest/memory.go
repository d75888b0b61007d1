// Package lockouttest proves that a store keeps the contract of lockout.Tries. Memory is the fake that tests of
// use cases run on; it passes the same suite.
package lockouttest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/lockout"
)

// Devices finds known devices; *devicetest.Memory is one.
type Devices interface {
	// Known gives the live device that the reservation names, nil where there is none. Call it inside Do.
	Known(reservation lockout.Reservation) *device.Device
}

// Memory is lockout.Tries in memory. It takes part in the transactions of its database.
type Memory struct {
	db      *coretest.Database
	devices Devices
	rows    *coretest.Table[lockout.Place, lockout.Counter]
}

var _ lockout.Tries = (*Memory)(nil)

// NewMemory makes an empty store that finds known devices in the fake, which must live in the same database.
func NewMemory(db *coretest.Database, devices Devices) *Memory {
	m := &Memory{db: db, devices: devices, rows: coretest.NewTable[lockout.Place, lockout.Counter](db)}
	coretest.Expires(db, "tries", m.rows, func(c lockout.Counter) time.Time { return c.TouchedAt }, nil)
	return m
}

// Reserve implements lockout.Tries.
func (m *Memory) Reserve(ctx context.Context, reservation lockout.Reservation) (standing lockout.Standing, err error) {
	if m.db.InTransaction(ctx) {
		return lockout.Standing{}, core.Internal(errors.New("lockouttest: a try is reserved inside a transaction"))
	}
	err = m.db.Do(ctx, func() error {
		standing, err = reservation.Decide(m.devices.Known(reservation),
			func(place lockout.Place) (lockout.Counter, error) {
				counter, _ := m.rows.Get(place)
				return counter, nil
			},
			func(place lockout.Place, counter lockout.Counter) error {
				m.rows.Put(place, counter)
				return nil
			})
		return err
	})
	return standing, err
}

// Release implements lockout.Tries.
func (m *Memory) Release(ctx context.Context, counters ...lockout.Counters) error {
	return m.each(ctx, counters, func(place lockout.Place, counter lockout.Counter) {
		counter.Failures, counter.Streak = max(0, counter.Failures-1), max(0, counter.Streak-1)
		m.rows.Put(place, counter)
	})
}

// Clear implements lockout.Tries.
func (m *Memory) Clear(ctx context.Context, counters ...lockout.Counters) error {
	return m.each(ctx, counters, func(place lockout.Place, _ lockout.Counter) { m.rows.Delete(place) })
}

func (m *Memory) each(ctx context.Context, counters []lockout.Counters, act func(lockout.Place, lockout.Counter)) error {
	return m.db.Do(ctx, func() error {
		for place, counter := range m.rows.All() {
			for _, named := range counters {
				if place.Subject == named.Subject && (len(named.Sources) == 0 || slices.Contains(named.Sources, place.Source)) {
					act(place, counter)
				}
			}
		}
		return nil
	})
}

// Notice implements lockout.Tries.
func (m *Memory) Notice(ctx context.Context, subject string, now time.Time) (due bool, err error) {
	err = m.db.Do(ctx, func() error {
		place := lockout.Place{Subject: subject, Source: lockout.NoticeSource}
		counter, told := m.rows.Get(place)
		due = !told || now.Sub(counter.NoticedAt) >= lockout.NoticeEvery
		if due {
			counter.NoticedAt, counter.TouchedAt = now, now
			m.rows.Put(place, counter)
		}
		return nil
	})
	return due, err
}
