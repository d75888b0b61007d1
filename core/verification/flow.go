// Package verification proves that somebody reads a mailbox (later: a phone): by a short code that the
// asking client types in, or by a link in the message.
//
// A request that must not tell whether its identifier is known writes one intake row, whatever the
// answer would be, and is answered with a verification id. A worker resolves the intake: it starts a
// flow, real or decoy, under that id, and queues the message. Decoys expire and count tries like real
// ones, so that nobody learns more from the flow than from the answer.
package verification

import (
	"encoding/hex"
	"math"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// The bounds of a code (NIST SP 800-63B-4 §3.1.3.2 and §3.2.2, OWASP ASVS 5.0 6.5.4, 6.5.5, 6.6.3).
const (
	// CodeTTL is how long a code is good: below the ten minutes that NIST permits.
	CodeTTL = 5 * time.Minute
	// MaxTries is how many codes may be tried in one flow. Sending again does not reset the count.
	MaxTries = 5
	// MaxLive is how many flows of one purpose a subject has at once; the oldest dies.
	MaxLive = 3
	// MaxFailures is how many tries in a row a subject may fail, over all flows, before codes are off
	// for it and only links work (NIST SP 800-63B-4 §3.2.2: at most 100).
	MaxFailures = 100
)

// Purpose is what a flow or link is for. One made for one purpose is not good for another.
type Purpose string

// The purposes.
const (
	// PurposeRegistration proves the mailbox of a pending registration.
	PurposeRegistration Purpose = "registration"
	// PurposeConfirmation proves the mailbox of an existing, unverified account.
	PurposeConfirmation Purpose = "confirmation"
	// PurposePasswordReset lets a new password be set.
	PurposePasswordReset Purpose = "password_reset"
	// PurposeEmailChange proves the new address of an account.
	PurposeEmailChange Purpose = "email_change"
	// PurposeEmailUndo takes an email change back; links only.
	PurposeEmailUndo Purpose = "email_undo"
	// PurposeSecondFactor is a sign-in that waits for its second step; flows only.
	PurposeSecondFactor Purpose = "second_factor"
	// PurposeFactorEmail proves the mailbox that is to become a second factor; flows only.
	PurposeFactorEmail Purpose = "factor_email"
	// PurposeUnlock makes the client that uses the link a known device; links only.
	PurposeUnlock Purpose = "unlock"
	// PurposeRestore brings a deleted account back; links only.
	PurposeRestore Purpose = "restore"
)

// Failures is how many tries in a row a subject may fail with flows of the purpose: MaxFailures. Those of second steps
// are bounded by package lockout instead, in a way that spares devices which are known: here somebody who has the
// password could use up what is its owner's.
func (p Purpose) Failures() int {
	if p == PurposeSecondFactor {
		return math.MaxInt32
	}
	return MaxFailures
}

// ChannelEmail is the channel of every flow for now; others arrive with texts.
const ChannelEmail = "email"

// Receipt is what the asking client is told, the same for known and unknown identifiers.
type Receipt struct {
	ID        core.ID
	Channel   string
	ExpiresAt time.Time
}

// Flow is one short code's life. A decoy has neither a registration nor a user, and a random digest.
type Flow struct {
	ID      core.ID
	Purpose Purpose
	// Subject groups flows for MaxLive and MaxFailures: the user's id, of a change of address with the new
	// one, or the normalised identifier. What is no user's id is stored as a keyed digest.
	Subject string
	// Registration or User is what the code proves; both are zero for a decoy.
	Registration core.ID
	User         core.ID
	// Digest is the keyed digest of the newest code, bound to flow, purpose and owner.
	Digest []byte
	// Detail belongs to the purpose: the new address of an email change. The Prover takes and gives it plain, and
	// stores it sealed for this flow and purpose.
	Detail    []byte
	Tries     int
	CreatedAt time.Time
	ExpiresAt time.Time
}

// DigestContext binds the code's digest to the flow, its purpose and whom it proves.
func (f Flow) DigestContext() string {
	return "code/" + string(f.Purpose) + "/" + f.ID.String() + "/" + f.Registration.String() + "/" + f.User.String()
}

func (f Flow) sealContext() string { return secret.PlaceFlows.Of(string(f.Purpose), f.ID.String()) }

// Link is one long token's life. Only the token's digest is kept.
type Link struct {
	Digest       secret.TokenDigest
	Purpose      Purpose
	Registration core.ID
	User         core.ID
	// Flow is the flow whose message carried the link; zero when there was none.
	Flow core.ID
	// Detail belongs to the purpose: the old address of an email change. The Prover takes and gives it plain, and
	// stores it sealed for this link and purpose.
	Detail    []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}

func (l Link) sealContext() string {
	return secret.PlaceLinks.Of(string(l.Purpose), hex.EncodeToString(l.Digest[:]))
}

// Intake is a request that waits to be resolved. Its payload is sealed.
type Intake struct {
	ID        core.ID
	Kind      string
	Payload   []byte
	CreatedAt time.Time
	Attempts  int
}

// ErrCode is the one answer to a code that is wrong, expired, used, tried too often, or of an unknown
// flow.
var ErrCode = core.NewError(core.KindInvalid, core.CodeInvalidCode, "The code is wrong, has expired or was used already.")

// ErrLink is the one answer to a link that is unknown, expired or used.
var ErrLink = core.NewError(core.KindGone, core.CodeInvalidLink, "The link is not valid, has expired or was used already.")
