package house

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
)

// Tells runs act and fails the test unless the audit log tells of it with exactly the events wanted, each in the form
// of Line, oldest first. Every event must say where it comes from, and none what a person is called or has typed.
func (h *House) Tells(subject core.ID, act func(), want ...string) {
	h.t.Helper()
	before := len(h.Log.All())
	act()
	var got []string
	for _, event := range h.Log.All()[before:] {
		got = append(got, Line(event, subject))
		h.discreet(event)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		h.t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Line is an event in short: "password.change failure invalid_credentials by person", with the metadata behind it as
// key=value, and "of nobody" or "of another" where the subject is not the one given.
func Line(event audit.Event, subject core.ID) string {
	words := []string{string(event.Action), string(event.Outcome)}
	if event.Reason != "" {
		words = append(words, event.Reason)
	}
	words = append(words, "by", string(event.ActorKind))
	switch {
	case event.Subject == subject:
	case event.Subject.IsZero():
		words = append(words, "of nobody")
	default:
		words = append(words, "of another")
	}
	for _, key := range slices.Sorted(maps.Keys(event.Metadata)) {
		words = append(words, key+"="+event.Metadata[key])
	}
	return strings.Join(words, " ")
}

// discreet holds an event to what no event may lack or tell.
func (h *House) discreet(event audit.Event) {
	h.t.Helper()
	if event.IP != Client.IP.String() || event.UserAgent != Client.UserAgent || event.RequestID != Client.RequestID ||
		event.Device == "" || event.ID.IsZero() || event.At.IsZero() || !event.KeepUntil.After(event.At) {
		h.t.Errorf("an event says too little: %+v", event)
	}
	text := strings.ToLower(fmt.Sprintf("%+v", event))
	for _, secret := range []string{"@example.com", "ada lovelace", "countess", Passphrase} {
		if strings.Contains(text, secret) {
			h.t.Errorf("an event says too much: %+v", event)
		}
	}
}
