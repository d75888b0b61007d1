// Package session is what a signed-in person holds: the session row with its lifetimes, the rule by which
// refresh tokens rotate, the lookup that every request makes, and the ways a session ends.
package session

import (
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/origin"
)

// EndReason says why a session ended.
type EndReason = account.EndReason

// The reasons.
const (
	EndSignedOut   EndReason = "signed_out"
	EndRevoked     EndReason = "revoked"
	EndEvicted     EndReason = "evicted"
	EndPassword              = account.EndPassword
	EndEmail                 = account.EndEmail
	EndDeactivated           = account.EndDeactivated
	EndDeleted               = account.EndDeleted
	EndSuspended             = account.EndSuspended
	EndForcedReset           = account.EndForcedReset
	EndStolen      EndReason = "refresh_token_reused"
	EndStateLost   EndReason = "state_lost"
)

// Session is one sign-in.
type Session struct {
	ID     core.ID
	UserID core.ID
	Device origin.Device
	// Factors are RFC 8176 amr names, in the order used.
	Factors  []string
	AuthTime time.Time

	CreatedAt  time.Time
	LastUsedAt time.Time
	// IdleExpiresAt moves with every refresh, never beyond ExpiresAt, which is fixed at sign-in.
	IdleExpiresAt time.Time
	ExpiresAt     time.Time
	// EndedAt is zero while the session lives.
	EndedAt   time.Time
	EndReason EndReason

	Chain Chain
	Rev   int64
}

// Live reports whether the session is good at now.
func (s Session) Live(now time.Time) bool {
	return s.EndedAt.IsZero() && now.Before(s.IdleExpiresAt) && now.Before(s.ExpiresAt)
}

// Chain is the refresh state of a session: which tokens are good.
type Chain struct {
	// Generation is that of the newest token; a sign-in's first token has 0.
	Generation int64
	// Nonce is shared by the branches of the current generation.
	Nonce Nonce
	// Branches is how many tokens of the current generation were handed out.
	Branches int64
	// RotatedAt is when the newest branch was handed out. It never moves back.
	RotatedAt time.Time
	// UsedNonce and UsedBranch name the token of the previous generation that was used to get here.
	UsedNonce  Nonce
	UsedBranch int64
}

// Nonce is 128 random bits.
type Nonce [16]byte

// Presented is a refresh token that was authenticated by its HMAC.
type Presented struct {
	SessionID  core.ID
	Generation int64
	Branch     int64
	Nonce      Nonce
}

// Current is the newest token of the chain.
func (s Session) Current() Presented {
	return Presented{SessionID: s.ID, Generation: s.Chain.Generation, Branch: s.Chain.Branches - 1, Nonce: s.Chain.Nonce}
}
