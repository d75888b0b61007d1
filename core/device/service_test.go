package device_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/secret"
)

func TestMeet(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	user, now := h.IDs.New(), h.Clock.Now()
	met, token := h.Devices.Meet(h.Ctx, user, nil, false)
	if met.Digest != secret.DigestToken(token) || met.UserID != user || met.From.Browser != house.Client.UserAgent {
		t.Errorf("met %+v", met)
	}
	if !met.CreatedAt.Equal(now) || !met.LastUsedAt.Equal(now) || !met.ExpiresAt.Equal(now.Add(device.DefaultTTL)) || met.Trusts(now) {
		t.Errorf("met %+v", met)
	}
	h.Later(time.Hour)
	again, none := h.Devices.Meet(h.Ctx, user, &met, true)
	if none != "" || again.ID != met.ID || again.Digest != met.Digest || !again.CreatedAt.Equal(now) {
		t.Errorf("met again %+v", again)
	}
	trusted := h.Clock.Now().Add(device.DefaultTrustTTL)
	if !again.Trusts(trusted.Add(-1)) || again.Trusts(trusted) || !again.ExpiresAt.Equal(h.Clock.Now().Add(device.DefaultTTL)) {
		t.Errorf("trusted until %v", again.TrustedUntil)
	}
	if kept, _ := h.Devices.Meet(h.Ctx, user, &again, false); !kept.TrustedUntil.Equal(again.TrustedUntil) {
		t.Error("trust went by another sign-in")
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	known := device.Device{From: origin.Device{Browser: "Firefox", OS: "Linux", UserAgent: "Firefox/140", IP: "192.0.2.7"}}
	for name, test := range map[string]struct {
		from origin.Device
		want bool
	}{
		"itself":          {known.From, true},
		"a later version": {origin.Device{Browser: "Firefox", OS: "Linux", UserAgent: "Firefox/141", IP: "198.51.100.1"}, true},
		"another browser": {origin.Device{Browser: "Chrome", OS: "Linux"}, false},
		"another system":  {origin.Device{Browser: "Firefox", OS: "Windows"}, false},
		"nothing said":    {origin.Device{}, false},
	} {
		if known.Fits(test.from) != test.want {
			t.Errorf("%s: fits %v", name, !test.want)
		}
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	user := h.Member("ada@example.com", "").User.ID
	for range 4 {
		h.Later(time.Second)
		_, _, err := h.Devices.Admit(h.Ctx, user)
		h.Must(err)
	}
	var seen []core.ID
	page := core.Page{Limit: 2}
	for range 4 {
		devices, next, err := h.Devices.List(h.Ctx, user, page)
		h.Must(err)
		for _, each := range devices {
			seen = append(seen, each.ID)
		}
		if page.After = next; next.IsZero() {
			break
		}
	}
	whole, _, err := h.Devices.List(h.Ctx, user, core.Page{Limit: -1 + core.PageLimitMax + 2})
	h.Must(err)
	if len(seen) != 5 || len(whole) != 5 || seen[0] != whole[0].ID || seen[4] != whole[4].ID {
		t.Errorf("%d devices in pages, %d at once", len(seen), len(whole))
	}
}

func TestForgettingIsWrittenDown(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member("ada@example.com", "")
	caller := h.Principal(member)
	devices, _, err := h.Devices.List(h.Ctx, caller.UserID, core.Page{})
	h.Must(err)
	h.Must(h.Devices.Forget(h.Ctx, caller, devices[0].ID))
	h.Refused(h.Devices.Forget(h.Ctx, caller, devices[0].ID), core.ErrNotFound)
	h.Must(h.Devices.ForgetAll(h.Ctx, caller))
	var told []string
	for _, event := range h.Log.All() {
		if event.Action == audit.ActionDeviceForget && event.Subject == caller.UserID && event.SessionID == caller.SessionID {
			told = append(told, event.Metadata["device"])
		}
	}
	if len(told) != 2 || told[0] != devices[0].ID.String() || told[1] != "all" {
		t.Errorf("written down: %v", told)
	}
}
