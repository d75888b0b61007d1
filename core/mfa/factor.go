// Package mfa is the second factors of an account: time-based codes (RFC 6238), codes by email, and recovery
// codes; how they are enrolled, proven and removed. The store is open for texts and passkeys.
package mfa

import (
	"time"

	"github.com/doorward/doorward/core"
)

// Kind is the kind of a factor, as the contract names it.
type Kind string

// The kinds.
const (
	// KindTOTP is a time-based code of an authenticator app.
	KindTOTP Kind = "totp"
	// KindEmail is a code sent to the account's mailbox. It is the weaker factor: who reads the mailbox can reset the
	// password as well, and NIST SP 800-63B-4 §3.1.3.1 accepts no email as out-of-band authenticator. It never
	// raises the assurance of a sign-in.
	KindEmail Kind = "email"
	// KindRecoveryCode is one of ten codes kept on paper.
	KindRecoveryCode Kind = "recovery_code"
)

// The bounds of factors.
const (
	// MaxFactors is how many factors an account has, pending ones included.
	MaxFactors = 10
	// PendingTTL is how long an enrolment waits for its first code.
	PendingTTL = 15 * time.Minute
	// RecoveryCodeCount is how many recovery codes are made at once.
	RecoveryCodeCount = 10
	// ChallengeTTL is how long a half-finished sign-in waits for its second step: NIST SP 800-63B-4 §3.1.3.2
	// bounds a code's life by ten minutes.
	ChallengeTTL = 10 * time.Minute
)

// Factor is one second factor of a user. Only a confirmed one counts.
type Factor struct {
	ID     core.ID
	UserID core.ID
	Kind   Kind
	// Label is what the owner calls it, up to 100 code points.
	Label string
	// Sealed is what proves the factor, sealed for this row: a TOTP seed. Nil for a kind without.
	Sealed []byte
	// LastStep is the time step of the newest code that was used, -1 before the first (RFC 6238 §5.2: a step
	// counts once).
	LastStep  int64
	CreatedAt time.Time
	// ConfirmedAt is zero while the enrolment is pending; LastUsedAt is zero before the first use.
	ConfirmedAt time.Time
	LastUsedAt  time.Time
}
