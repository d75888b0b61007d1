package session_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/session"
)

// queued are the kinds of the letters in the outbox.
func (h *house) queued() (kinds []mail.Kind) {
	for _, envelope := range h.outbox.All() {
		kinds = append(kinds, envelope.Kind)
	}
	return kinds
}

// met is a client that the user signs in from for the first time.
func (h *house) met(user core.ID) device.Device {
	return device.Device{ID: h.ids.New(), UserID: user, CreatedAt: h.clock.Now(), ExpiresAt: h.clock.Now().Add(time.Hour)}
}

func TestStartTells(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user()
	known := h.met(user.ID)
	started, err := h.Start(h.Context(), user, session.Arrival{
		Factors: []string{"pwd"}, Device: known, Events: []audit.Event{{Action: audit.ActionSignIn, Actor: user.ID, Subject: user.ID}},
	})
	h.must(err)
	var written []audit.Event
	h.must(h.db.Do(h.Context(), func() error {
		written = h.db.Events(func(audit.Event) bool { return true })
		return nil
	}))
	if len(written) != 1 || written[0].SessionID != started.ID || written[0].IP != "192.0.2.7" || written[0].ID.IsZero() {
		t.Errorf("written down: %+v", written)
	}
	h.same("letters after the first sign-in", h.queued(), []mail.Kind(nil))
	_, err = h.Start(h.Context(), user, session.Arrival{Device: known, Renews: true})
	h.must(err)
	h.same("letters after one from the same device", h.queued(), []mail.Kind(nil))
	_, err = h.Start(h.Context(), user, session.Arrival{Device: h.met(user.ID)})
	h.must(err)
	h.same("letters after one from another", h.queued(), []mail.Kind{mail.KindNewDevice})
}

// A session and the device it opened on are told to belong together by the moment, whenever the device was read.
func TestStartUsesTheDeviceAtItsMoment(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user()
	known := h.met(user.ID)
	for _, renews := range []bool{false, true} {
		known.LastUsedAt = h.clock.Now()
		h.clock.Advance(time.Microsecond)
		started, err := h.Start(h.Context(), user, session.Arrival{Device: known, Renews: renews})
		h.must(err)
		kept, err := h.devices.List(h.Context(), user.ID, h.clock.Now(), core.Page{Limit: 1})
		h.must(err)
		h.same("last used", kept[0].LastUsedAt, started.CreatedAt)
	}
}

func TestStartTellsOfTheEvicted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		muted []string
		want  []mail.Kind
	}{
		"told":  {nil, []mail.Kind{mail.KindSessionEvicted}},
		"muted": {[]string{string(mail.KindSessionEvicted)}, nil},
	} {
		h := newHouse(t)
		user := h.user()
		user.Protection.Muted = test.muted
		oldest := h.started(user)
		for range session.DefaultConfig().Limit {
			h.clock.Advance(time.Second)
			h.started(user)
		}
		h.same(name, h.queued(), test.want)
		h.must(h.db.Do(h.Context(), func() error {
			written := h.db.Events(func(event audit.Event) bool { return event.Action == audit.ActionEvict })
			if len(written) != 1 || written[0].Metadata["sessions"] != oldest.ID.String() || written[0].Subject != user.ID {
				t.Errorf("%s, written down: %+v", name, written)
			}
			return nil
		}))
	}
}
