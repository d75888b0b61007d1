// Package lockout bounds how often the password, or the second factor, of one account can be guessed, in a way
// that cannot be turned against its owner: tries are counted for each source and over all unknown sources
// together, while a device that has signed in before has tries of its own, which nobody else can use up.
package lockout

import (
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/secret"
)

// The bounds of guessing.
const (
	// DefaultTries is how many tries in a row may fail before a lock (MAX_LOGIN_ATTEMPTS).
	DefaultTries = 5
	// DefaultDuration is how long a lock lasts (LOCKOUT_DURATION). It is counted from the last failure that was
	// allowed; tries that are refused do not prolong it.
	DefaultDuration = 15 * time.Minute
	// MaxStreak is how many failures in a row unknown sources have with one account altogether, and each known
	// device has, however slowly they go about it (NIST SP 800-63B-4 §3.2.2: at most 100). Beyond, only other known
	// devices get in, of which the unlock link makes one, until a reset or an operator ends it. The success of a
	// known device does not: it says nothing of who guesses elsewhere. A count that nobody adds to is swept in the
	// end, see package retention.
	MaxStreak = 100
	// NoticeEvery is how often the owner is told of a lock at most: a mail for each would be a weapon too.
	NoticeEvery = 24 * time.Hour
)

// Rules are the bounds that a deployment has chosen.
type Rules struct {
	Tries    int
	Duration time.Duration
}

// Counters names counters of one subject: those of the sources, or with none named all of them.
type Counters struct {
	Subject string
	Sources []string
}

// Reservation asks for one try.
type Reservation struct {
	// Subject is what is guessed at: see Subjects.
	Subject string
	// Source is where the try comes from: see Subjects.SourceOf.
	Source string
	// Shown, where it is not empty, is counted for Source by itself, whatever becomes of the try, only for
	// Standing.Left: see Subjects.Shown.
	Shown string
	// User owns the device of Token, which must fit From; both zero where there is none. The lookup is made all
	// the same.
	User  core.ID
	Token secret.TokenDigest
	From  origin.Device
	Now   time.Time
	Rules Rules
}

// Standing is what became of a reservation.
type Standing struct {
	// Allowed tells that the try may be made; it is counted as a failure until Clear says otherwise.
	Allowed bool
	// Device is the user's live device that holds Token and fits From; nil where there is none.
	Device *device.Device
	// Last tells that this try, if it fails, sets a lock.
	Last bool
	// Left is how many more tries Shown has from Source, this one counted; 0 where nothing is shown.
	Left int
	// Counters are those of the subject that a success of this try forgets.
	Counters Counters
}
