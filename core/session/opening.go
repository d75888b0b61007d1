package session

import (
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
)

// Opening is all that one sign-in writes. It stands whole or not at all.
type Opening struct {
	Session Session
	// UserRev is the Rev of the user that was judged, Limit how many live sessions the user may have with
	// this one.
	UserRev int64
	Limit   int
	// Device is the client's; the zero ID stands for none. It is added, and the user's longest unused beyond
	// device.MaxDevices are forgotten; or, where Renews, it takes the place of the user's device of that id. One
	// that was forgotten meanwhile is not brought back.
	Device device.Device
	Renews bool
	// Clear are the counters of failed tries that the success forgets.
	Clear []lockout.Counters
	// Events are written as they are. Evicted is written when sessions were evicted, with their ids, five at the
	// most, in Metadata "sessions" and their number in "count"; the zero ID stands for none.
	Events  []audit.Event
	Evicted audit.Event
	// NewDevice is queued where the user has been signed in before: has another session, live or over, or
	// another device. Farewell is queued when sessions were evicted. The zero ID stands for none.
	NewDevice mail.Envelope
	Farewell  mail.Envelope
}

// EvictedNamed is how many evicted sessions an event names: their ids fit into one entry of its metadata.
const EvictedNamed = 5
