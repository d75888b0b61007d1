package sessiontest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/session"
)

var lockoutRules = lockout.Rules{Tries: 1, Duration: time.Hour}

// full is an opening of a session for the user that writes all there is.
func (b *bench) full(user account.User) session.Opening {
	b.Helper()
	opened := b.fresh(user)
	_, digest := secret.NewToken()
	return session.Opening{
		Session: opened, UserRev: user.Rev, Limit: limit,
		Device: device.Device{
			ID: b.ids.New(), UserID: user.ID, Digest: digest, From: opened.Device, CreatedAt: opened.CreatedAt,
			LastUsedAt: opened.CreatedAt, ExpiresAt: opened.CreatedAt.Add(time.Hour), TrustedUntil: opened.CreatedAt.Add(time.Minute),
		},
		Clear: []lockout.Counters{
			{Subject: "password/ada", Sources: []string{lockout.AnySource, "address/here"}}, {Subject: "second_factor/ada"},
		},
		Events:    []audit.Event{b.event(user), b.event(user)},
		Evicted:   b.event(user),
		NewDevice: b.envelope(user, mail.KindNewDevice),
		Farewell:  b.envelope(user, mail.KindSessionEvicted),
	}
}

func (b *bench) envelope(user account.User, kind mail.Kind) mail.Envelope {
	return mail.Envelope{
		ID: b.ids.New(), Kind: kind, To: user.Email, Payload: []byte{0, 1, 255}, State: mail.StateQueued,
		CreatedAt: b.clock.Now(), NextAt: b.clock.Now(),
	}
}

// open opens and gives the sessions that were evicted.
func (b *bench) open(opening session.Opening) []core.Change {
	b.Helper()
	evicted, err := b.Store.Open(b.Context(), opening)
	b.must(err)
	return evicted
}

func (b *bench) devices(user account.User) []device.Device {
	b.Helper()
	devices, err := b.Devices.List(b.Context(), user.ID, b.clock.Now(), core.Page{Limit: core.PageLimitMax})
	b.must(err)
	return devices
}

// letters takes what is queued from the outbox, as it was put there.
func (b *bench) letters() []mail.Envelope {
	b.Helper()
	letters, err := b.Outbox.Claim(b.Context(), b.clock.Now(), 24*time.Hour, 100)
	b.must(err)
	for i := range letters {
		letters[i].Attempts, letters[i].NextAt = 0, letters[i].CreatedAt
	}
	return letters
}

// try counts a try and reports whether there was room.
func (b *bench) try(subject, source string) bool {
	b.Helper()
	standing, err := b.Tries.Reserve(b.Context(), lockout.Reservation{
		Subject: subject, Source: source, Now: b.clock.Now(), Rules: lockoutRules,
	})
	b.must(err)
	return standing.Allowed
}

func openWritesBeside(b *bench) {
	user := b.user()
	for _, subject := range []string{"password/ada", "second_factor/ada", "password/bob"} {
		b.try(subject, "address/here")
	}
	opening := b.full(user)
	b.open(opening)
	b.stored("session", opening.Session)
	b.same("devices", b.devices(user), []device.Device{opening.Device})
	b.told("events", user, opening.Events...)
	b.same("letters on the first sign-in", b.letters(), []mail.Envelope(nil))
	for subject, want := range map[string]bool{"password/ada": true, "second_factor/ada": true, "password/bob": false} {
		b.same("room for "+subject, b.try(subject, "address/here"), want)
	}
}

func openBesideUndone(b *bench) {
	user := b.user()
	b.opened(user)
	b.try("password/ada", "address/here")
	opening := b.full(user)
	opening.Limit = 1
	b.undone(func(ctx context.Context) error {
		_, err := b.Store.Open(ctx, opening)
		return err
	})
	opening.UserRev++
	_, err := b.Store.Open(b.Context(), opening)
	b.refused("another rev", err, core.ErrConflict)
	b.same("devices", b.devices(user), []device.Device(nil))
	b.told("events", user)
	b.same("letters", b.letters(), []mail.Envelope(nil))
	b.same("room", b.try("password/ada", "address/here"), false)
}

func openRenews(b *bench) {
	user, other := b.user(), b.user()
	first := b.full(user)
	b.open(first)
	b.clock.Advance(time.Minute)
	again := session.Opening{Session: b.fresh(user), UserRev: user.Rev, Limit: limit, Device: first.Device, Renews: true}
	again.Device.From.IP, again.Device.LastUsedAt = "192.0.2.1", b.clock.Now()
	again.Device.ExpiresAt, again.Device.TrustedUntil = b.clock.Now().Add(time.Hour), time.Time{}
	b.open(again)
	b.same("renewed", b.devices(user), []device.Device{again.Device})

	stolen := again
	stolen.Session, stolen.UserRev = b.fresh(other), other.Rev
	b.open(stolen)
	b.same("another user's", b.devices(user), []device.Device{again.Device})
	b.must(b.Devices.Forget(b.Context(), user.ID, again.Device.ID))
	again.Session = b.fresh(user)
	b.open(again)
	b.same("forgotten meanwhile", append(b.devices(user), b.devices(other)...), []device.Device(nil))
}

func openOutgrows(b *bench) {
	user := b.user()
	first := b.full(user)
	for range device.MaxDevices {
		b.clock.Advance(time.Second)
		opening := b.full(user)
		b.open(opening)
		first.Device = opening.Device
	}
	b.same("devices", len(b.devices(user)), device.MaxDevices)
	oldest := b.devices(user)[device.MaxDevices-1]
	late := b.full(user)
	late.Device.LastUsedAt = late.Device.LastUsedAt.Add(-time.Hour)
	b.open(late)
	kept := b.devices(user)
	b.same("devices", len(kept), device.MaxDevices)
	has := func(id core.ID) bool {
		return slices.ContainsFunc(kept, func(d device.Device) bool { return d.ID == id })
	}
	b.same("keeps the newest and the latest, not the oldest", []bool{has(first.Device.ID), has(late.Device.ID), has(oldest.ID)},
		[]bool{true, true, false})
}

func openGreets(b *bench) {
	withSession, withDevice, other := b.user(), b.user(), b.user()
	over := b.opened(withSession)
	b.ended(over)
	first := b.full(withDevice)
	b.must(b.Devices.Put(b.Context(), first.Device))
	b.same("letters before", b.letters(), []mail.Envelope(nil))
	for name, user := range map[string]account.User{"after a session that is over": withSession, "beside another device": withDevice} {
		opening := b.full(user)
		b.open(opening)
		b.same(name, b.letters(), []mail.Envelope{opening.NewDevice})
		muted := b.full(user)
		muted.NewDevice = mail.Envelope{}
		b.open(muted)
	}
	b.open(b.full(other))
	b.same("letters after", b.letters(), []mail.Envelope(nil))
}

func openTells(b *bench) {
	user := b.user()
	old := b.opened(user)
	b.clock.Advance(time.Second)
	opening := b.full(user)
	opening.Limit, opening.NewDevice = 1, mail.Envelope{}
	b.open(opening)
	told := opening.Evicted
	told.Metadata = map[string]string{"count": "1", "sessions": old.ID.String()}
	b.told("events", user, append(opening.Events, told)...)
	b.same("letters", b.letters(), []mail.Envelope{opening.Farewell})
	b.clock.Advance(time.Second)
	silent := session.Opening{Session: b.fresh(user), UserRev: user.Rev, Limit: 1}
	b.same("evicted", len(b.open(silent)), 1)
	b.told("events of a silent one", user, append(opening.Events, told)...)
	b.same("letters of a silent one", b.letters(), []mail.Envelope(nil))
}

func openNames(b *bench) {
	user := b.user()
	const many = session.EvictedNamed + 2
	var names []string
	for range many {
		names = append(names, b.opened(user).ID.String())
		b.clock.Advance(time.Second)
	}
	slices.Sort(names)
	opening := b.full(user)
	opening.Limit = 1
	b.open(opening)
	told := opening.Evicted
	told.Metadata = map[string]string{"count": "7", "sessions": strings.Join(names[:session.EvictedNamed], " ")}
	b.told("events", user, append(opening.Events, told)...)
}
