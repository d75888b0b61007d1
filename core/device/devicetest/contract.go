package devicetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/account/accounttest"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/secret"
)

// Stores is what the suite is run on: the stores of one fresh, empty database.
type Stores struct {
	Tx       core.Transactor
	Devices  device.Store
	Accounts account.Store
}

// Open makes fresh stores for one case, and closes them in t.Cleanup.
type Open func(t *testing.T) Stores

// TestStore is the contract of device.Store.
func TestStore(t *testing.T, open Open) {
	t.Helper()
	coretest.Run(t, open, map[string]func(t *testing.T, s Stores){
		"gives back what was put":        givesBack,
		"knows no device of nobody":      refusesNobody,
		"lists live ones, newest first":  lists,
		"pages":                          pages,
		"forgets one of the user's":      forgets,
		"forgets all of the user's":      forgetsAll,
		"forgets the longest unused":     outgrows,
		"takes part in transactions":     takesPart,
		"many at once stay within bound": races,
	})
}

const life = 24 * time.Hour

func at(after time.Duration) time.Time { return coretest.Epoch.Add(after) }

// New is a device of the user that uses every field.
func New(user core.ID, created time.Time) device.Device {
	_, digest := secret.NewToken()
	return device.Device{
		ID: accounttest.NewID(), UserID: user, Digest: digest,
		From: origin.Device{
			UserAgent: "Mozilla/5.0 (Ünïcode; \"quoted\")", Kind: "desktop", Browser: "Firefox", OS: "Linux",
			IP: "2001:db8::1", Location: "Malmö",
		},
		CreatedAt: created, LastUsedAt: created.Add(time.Microsecond), ExpiresAt: created.Add(life), TrustedUntil: created.Add(time.Hour),
	}
}

func (s Stores) user(t *testing.T) core.ID {
	t.Helper()
	user := accounttest.Person("")
	coretest.Must(t, s.Accounts.Create(t.Context(), user))
	return user.ID
}

func (s Stores) put(t *testing.T, added device.Device) device.Device {
	t.Helper()
	coretest.Must(t, s.Devices.Put(t.Context(), added))
	return added
}

func (s Stores) list(t *testing.T, user core.ID, now time.Time) []device.Device {
	t.Helper()
	devices, err := s.Devices.List(t.Context(), user, now, core.Page{Limit: core.PageLimitMax})
	coretest.Must(t, err)
	return devices
}

func givesBack(t *testing.T, s Stores) {
	user := s.user(t)
	full, bare := New(user, at(0)), New(user, at(time.Second))
	bare.From, bare.TrustedUntil = origin.Device{}, time.Time{}
	s.put(t, full)
	s.put(t, bare)
	coretest.Equal(t, []device.Device{bare, full}, s.list(t, user, at(0)))
}

func refusesNobody(t *testing.T, s Stores) {
	coretest.Refused(t, s.Devices.Put(t.Context(), New(accounttest.NewID(), at(0))), core.ErrNotFound)
}

func lists(t *testing.T, s Stores) {
	user, other := s.user(t), s.user(t)
	s.put(t, New(other, at(0)))
	first := s.put(t, New(user, at(0)))
	same := []device.Device{s.put(t, New(user, at(time.Minute))), s.put(t, New(user, at(time.Minute)))}
	slices.SortFunc(same, func(a, b device.Device) int { return coretest.CompareIDs(b.ID, a.ID) })
	coretest.Equal(t, append(same, first), s.list(t, user, at(life-time.Microsecond)))
	coretest.Equal(t, same, s.list(t, user, at(life)))
	coretest.Equal(t, nil, s.list(t, accounttest.NewID(), at(0)))
}

func pages(t *testing.T, s Stores) {
	user := s.user(t)
	for i := range 7 {
		s.put(t, New(user, at(time.Duration(i/2)*time.Second)))
	}
	var paged []device.Device
	page := core.Page{Limit: 3}
	for range 4 { // the last is empty
		part, err := s.Devices.List(t.Context(), user, at(0), page)
		coretest.Must(t, err)
		if len(part) == 0 {
			break
		}
		paged = append(paged, part...)
		last := part[len(part)-1]
		page.After = core.Position{At: last.CreatedAt, ID: last.ID}
	}
	coretest.Equal(t, 7, len(paged))
	coretest.Equal(t, s.list(t, user, at(0)), paged)
}

func forgets(t *testing.T, s Stores) {
	user, other := s.user(t), s.user(t)
	gone, kept := s.put(t, New(user, at(0))), s.put(t, New(user, at(0)))
	coretest.Refused(t, s.Devices.Forget(t.Context(), other, gone.ID), core.ErrNotFound)
	coretest.Must(t, s.Devices.Forget(t.Context(), user, gone.ID))
	coretest.Refused(t, s.Devices.Forget(t.Context(), user, gone.ID), core.ErrNotFound)
	coretest.Equal(t, []device.Device{kept}, s.list(t, user, at(0)))
}

func forgetsAll(t *testing.T, s Stores) {
	user, other := s.user(t), s.user(t)
	kept := s.put(t, New(other, at(0)))
	s.put(t, New(user, at(0)))
	s.put(t, New(user, at(0)))
	for range 2 {
		coretest.Must(t, s.Devices.ForgetAll(t.Context(), user))
		coretest.Equal(t, nil, s.list(t, user, at(0)))
	}
	coretest.Equal(t, []device.Device{kept}, s.list(t, other, at(0)))
}

func outgrows(t *testing.T, s Stores) {
	user := s.user(t)
	var put []device.Device
	for i := range device.MaxDevices {
		added := New(user, at(0))
		added.LastUsedAt = at(time.Duration((i+7)%device.MaxDevices) * time.Minute)
		put = append(put, s.put(t, added))
	}
	oldest := put[device.MaxDevices-7]
	latest := New(user, at(0))
	latest.LastUsedAt = at(-time.Hour) // the one that is put always stays
	s.put(t, latest)
	kept := s.list(t, user, at(0))
	coretest.Equal(t, device.MaxDevices, len(kept))
	for _, each := range kept {
		if each.ID == oldest.ID {
			t.Error("the device that was unused longest is still known")
		}
	}
}

var errRollback = errors.New("rolled back on purpose")

func takesPart(t *testing.T, s Stores) {
	user := s.user(t)
	kept, forgotten := s.put(t, New(user, at(0))), s.put(t, New(user, at(-time.Hour)))
	for _, act := range []func(ctx context.Context) error{
		func(ctx context.Context) error { return s.Devices.Put(ctx, New(user, at(0))) },
		func(ctx context.Context) error { return s.Devices.Forget(ctx, user, kept.ID) },
		func(ctx context.Context) error { return s.Devices.ForgetAll(ctx, user) },
	} {
		coretest.Refused(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
			coretest.Must(t, act(ctx))
			return errRollback
		}), errRollback)
	}
	coretest.Must(t, s.Tx.InTx(t.Context(), func(ctx context.Context) error {
		coretest.Refused(t, s.Devices.Put(ctx, New(accounttest.NewID(), at(0))), core.ErrNotFound)
		return s.Devices.Forget(ctx, user, forgotten.ID) // a refusal spoils no transaction
	}))
	coretest.Equal(t, []device.Device{kept}, s.list(t, user, at(0)))
}

func races(t *testing.T, s Stores) {
	const many = device.MaxDevices + 20
	user := s.user(t)
	coretest.Race(t, many, nil, func(ctx context.Context, i int) error {
		return s.Devices.Put(ctx, New(user, at(time.Duration(i)*time.Second)))
	})
	coretest.Equal(t, device.MaxDevices, len(s.list(t, user, at(0))))
}
