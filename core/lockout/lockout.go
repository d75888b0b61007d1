// Package lockout bounds how often the password, or the second factor, of one account can be guessed, in a way
// that cannot be turned against its owner: tries are counted for each source and over all unknown sources
// together, while a device that has signed in before has tries of its own, which nobody else can use up.
package lockout

import (
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/secret"
)

// The bounds of guessing.
const (
	// DefaultTries is how many tries in a row may fail before a lock (MAX_LOGIN_ATTEMPTS).
	DefaultTries = 5
	// DefaultDuration is how long a lock lasts (LOCKOUT_DURATION). It is counted from the last failure that was
	// allowed; tries that are refused do not prolong it.
	DefaultDuration = 15 * time.Minute
	// MaxStreak is how many failures in a row unknown sources have with one account altogether, however slowly
	// they go about it (NIST SP 800-63B-4 §3.2.2: at most 100). Beyond, only known devices get in, until a
	// success, the unlock link, or a reset.
	MaxStreak = 100
	// NoticeEvery is how often the owner is told of a lock at most: a mail for each would be a weapon too.
	NoticeEvery = 24 * time.Hour
)

// Rules are the bounds that a deployment has chosen.
type Rules struct {
	Tries    int
	Duration time.Duration
}

// Reservation asks for one try.
type Reservation struct {
	// Subject is what is guessed at: see PasswordOf, SecondFactorOf, Unknown.
	Subject string
	// Source is where the try comes from: see SourceOf.
	Source string
	// User owns the device of Token; both zero where there is none. The lookup is made all the same.
	User  core.ID
	Token secret.TokenDigest
	Now   time.Time
	Rules Rules
}

// Standing is what became of a reservation.
type Standing struct {
	// Allowed tells that the try may be made; it is counted as a failure until Clear says otherwise.
	Allowed bool
	// Device is the user's live device that holds Token; nil where there is none.
	Device *device.Device
	// Left is how many more tries this source has. Last tells that this try, if it fails, sets a lock.
	Left int
	Last bool
	// Sources are the counters that this try was counted in, for Clear.
	Sources []string
}
