// Package device is the clients that have signed in to an account: each holds a device token that makes it
// known. A known device gets past an account's lock with tries of its own; one that its owner trusts is spared
// the second factor.
package device

import (
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/origin"
	"github.com/doorward/doorward/core/secret"
)

// The bounds of devices.
const (
	// MaxDevices is how many devices an account has; the one that was used longest ago is forgotten.
	MaxDevices = 30
	// DefaultTTL is how long a device is known after its last sign-in.
	DefaultTTL = 180 * 24 * time.Hour
	// DefaultTrustTTL is how long a trusted device is spared the second factor: as long as one proof may stand
	// at the lowest assurance (NIST SP 800-63B-4 §2.1.3: 30 days).
	DefaultTrustTTL = 30 * 24 * time.Hour
)

// Device is a client that has signed in. Only the digest of its token is kept; the token names nobody and is good
// for nothing without the account's password.
type Device struct {
	ID     core.ID
	UserID core.ID
	Digest secret.TokenDigest
	// From is the browser and place of its last sign-in.
	From       origin.Device
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time
	// TrustedUntil is zero for a device that is merely known.
	TrustedUntil time.Time
}

// Fits reports whether a client that describes itself like from can be this device: a token that turns up
// under another browser or system was copied. Versions change and do not matter.
func (d Device) Fits(from origin.Device) bool {
	return d.From.Browser == from.Browser && d.From.OS == from.OS
}

// Trusts reports whether the device is spared the second factor at now.
func (d Device) Trusts(now time.Time) bool { return now.Before(d.TrustedUntil) }
