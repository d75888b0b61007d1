package account

import (
	"slices"
	"time"

	"github.com/doorward/doorward/core"
)

// The factors of a proof of identity, as amr names: those of RFC 8176 §2 where it has one.
const (
	FactorPassword = "pwd"
	// FactorOTP is a time-based code of an authenticator app.
	FactorOTP = "otp"
	// FactorEmail is a code or link that was sent to the mailbox. RFC 8176 has no name for it: it is no one-time
	// password of an authenticator, and never counts as a second kind of factor (NIST SP 800-63B-4 §3.1.3.1 and
	// OWASP ASVS 5.0 6.3.6 accept no email for that).
	FactorEmail = "email"
	// FactorRecoveryCode is a code from paper: a look-up secret, which is something one has (NIST SP 800-63B-4
	// §3.1.2). RFC 8176 has no name for it.
	FactorRecoveryCode = "recovery_code"
)

// The ways to prove anew who one is, as reauthenticate names them. A second factor goes by the name of its kind.
const (
	WayPassword     = "password"
	WayTOTP         = "totp"
	WayRecoveryCode = "recovery_code"
)

// kindEmail is the kind of second factor that does not strengthen a sign-in.
const kindEmail = "email"

// StrongFactor reports whether the account has a second factor that somebody who reads the mailbox does not have too.
func (p Protection) StrongFactor() bool {
	return slices.ContainsFunc(p.SecondFactors, func(kind string) bool { return kind != kindEmail })
}

// Ways are how the user can prove anew who they are. The user may be one without the password itself: whether there is
// one shows in PasswordChangedAt.
func (u User) Ways() []string {
	var ways []string
	if !u.PasswordChangedAt.IsZero() {
		ways = append(ways, WayPassword)
	}
	return append(ways, u.strongWays()...)
}

func (u User) strongWays() []string {
	var ways []string
	if slices.Contains(u.Protection.SecondFactors, WayTOTP) {
		ways = append(ways, WayTOTP)
	}
	if len(u.Protection.SecondFactors) > 0 {
		ways = append(ways, WayRecoveryCode)
	}
	return ways
}

// RequireProof refuses a caller who is the user and whose last proof of identity is older than maxAge, naming the ways
// that the user has.
func (u User) RequireProof(principal core.Principal, now time.Time, maxAge time.Duration) error {
	return principal.RequireRecent(now, maxAge, u.Ways()...)
}

// RequireStrongProof is RequireProof for what could take the account's protection away: where the account has a strong
// second factor, the proof must have included one. A thief who has a session and the password could else put a factor
// of their own in the owner's place.
func (u User) RequireStrongProof(principal core.Principal, now time.Time, maxAge time.Duration) error {
	if !u.Protection.StrongFactor() {
		return u.RequireProof(principal, now, maxAge)
	}
	strong := func(factor string) bool { return factor == FactorOTP || factor == FactorRecoveryCode }
	if !slices.ContainsFunc(principal.Factors, strong) {
		return core.Unproven(u.strongWays()...)
	}
	return principal.RequireRecent(now, maxAge, u.strongWays()...)
}
