// Package mail writes, keeps and delivers messages. A use case posts a Letter in the transaction that
// causes it; a worker renders and sends it, again and again with back-off while the peer is away, and
// erases its contents once it is sent.
package mail

import (
	"context"
	"log/slog"
	"time"
)

// Kind names a letter's template.
type Kind string

// The letters.
const (
	KindRegistration      Kind = "registration"       // code and link that prove a new account's mailbox
	KindAlreadyRegistered Kind = "already_registered" // somebody registered with an address that has an account
	KindConfirmation      Kind = "confirmation"       // code and link for an unverified account
	KindPasswordReset     Kind = "password_reset"     // code and link to set a new password
	KindPasswordChanged   Kind = "password_changed"   // notice after a change or reset
	KindEmailChange       Kind = "email_change"       // code and link to the new address
	KindEmailChanged      Kind = "email_changed"      // notice to the old address, with the undo link
	KindEmailChangeUndone Kind = "email_change_undone"
	KindUsernameChanged   Kind = "username_changed"
	KindSessionStolen     Kind = "session_stolen"  // a used refresh token came back
	KindSessionEvicted    Kind = "session_evicted" // the limit of sessions at once ended the oldest
	KindDeactivated       Kind = "account_deactivated"
	KindDeleted           Kind = "account_deleted" // with the restore link
	KindRestored          Kind = "account_restored"

	KindInvitation          Kind = "invitation"            // an account was opened for the reader; with the link that sets a password
	KindSuspended           Kind = "account_suspended"     // by somebody who administers accounts
	KindReinstated          Kind = "account_reinstated"    // a suspension was lifted
	KindPasswordResetForced Kind = "password_reset_forced" // the password counts no more; with the link that sets another

	KindNewDevice          Kind = "new_device"           // a sign-in from a device that was not known
	KindDeviceTrusted      Kind = "device_trusted"       // a device that spares the second factor from now on
	KindAccountLocked      Kind = "account_locked"       // too many wrong passwords; with the unlock link
	KindSecondFactorLocked Kind = "second_factor_locked" // too many wrong codes, after a right password
	KindSecondFactorCode   Kind = "second_factor_code"   // code that finishes a sign-in
	KindFactorEmail        Kind = "factor_email"         // code that makes the mailbox a second factor
	KindFactorAdded        Kind = "factor_added"         // names the Factor
	KindFactorRemoved      Kind = "factor_removed"       // names the Factor
	KindRecoveryCodesMade  Kind = "recovery_codes_made"
	KindRecoveryCodeUsed   Kind = "recovery_code_used" // tells by Count how many are left

	KindSecuritySettingsChanged Kind = "security_settings_changed" // names what was TurnedOff

	KindTokenCreated Kind = "token_created" // names the personal access token by its Label
	KindImpersonated Kind = "impersonated"  // an administrator has looked at the account as its owner sees it

	KindDataExported Kind = "data_exported" // all that is held about the reader has left

	KindAccessChanged Kind = "access_changed" // names the roles and groups that were Gained and Lost
)

// Letter is one message to one person. Fields that its Kind does not use stay empty.
//
// Its JSON form is what the outbox seals. Replicas of two versions may share an outbox, so a field is
// never renamed, and one that is unknown is ignored.
type Letter struct {
	Kind Kind   `json:"kind"`
	To   string `json:"to"`
	// Locale is the reader's BCP 47 tag; the catalog falls back to English.
	Locale string `json:"locale,omitzero"`
	Name   string `json:"name,omitzero"`
	// Code and Token are secrets: they are sealed at rest and erased once the letter is sent. The link is
	// made of the kind's path and Token when the letter is rendered.
	Code  string `json:"code,omitzero"`
	Token string `json:"token,omitzero"`
	// ExpiresAt is until when the code is good, LinkExpiresAt the link; zero for one without an end.
	ExpiresAt     time.Time `json:"expires_at,omitzero"`
	LinkExpiresAt time.Time `json:"link_expires_at,omitzero"`
	// Address is another address that the letter speaks of, such as the new one.
	Address string `json:"address,omitzero"`
	// Factor is the second factor that the letter speaks of, by its name in the API (totp, email, recovery_code…).
	Factor string `json:"factor,omitzero"`
	// Label is what its owner calls the thing that the letter speaks of, such as an access token.
	Label string `json:"label,omitzero"`
	// Count is how many there are of what the letter speaks of, such as recovery codes that are left.
	Count int `json:"count,omitzero"`
	// TurnedOff are the settings of protection that were weakened, by their names in the API.
	TurnedOff []string `json:"turned_off,omitzero"`
	// Gained and Lost are the names of roles and groups that the reader got and has no longer.
	Gained []string `json:"gained,omitzero"`
	Lost   []string `json:"lost,omitzero"`
	// At, IP, Place and Device tell when and where from the act was done.
	At     time.Time `json:"at,omitzero"`
	IP     string    `json:"ip,omitzero"`
	Place  string    `json:"place,omitzero"`
	Device string    `json:"device,omitzero"`
	// Unwanted tells that the reader has muted the kind. It counts for harmless kinds only, see HeldBack, and
	// is settled before the letter is queued.
	Unwanted bool `json:"-"`
}

// String names the letter without its contents, so that no log ever shows its secrets.
func (l Letter) String() string { return "letter " + string(l.Kind) }

// GoString is String for %#v.
func (l Letter) GoString() string { return l.String() }

// LogValue is String for structured logs.
func (l Letter) LogValue() slog.Value { return slog.StringValue(l.String()) }

// Post takes letters for delivery.
type Post interface {
	// Post queues the letter in the transaction that ctx carries, so that it leaves if and only if the
	// act commits. It waits for no peer. A letter that is held back is dropped without an error.
	Post(ctx context.Context, letter Letter) error
}

// Sealer prepares letters for a store that queues them by itself, in the very statement that finds out whether
// they are due.
type Sealer interface {
	// Seal gives the letter, sealed and due at once, or the zero Envelope for one that is held back.
	Seal(letter Letter) (Envelope, error)
}
