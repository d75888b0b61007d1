package account

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
)

// EndReason says why sessions were ended. The reasons that come from the account stand here, those that
// come from the session itself in package session.
type EndReason string

// The reasons that come from the account.
const (
	EndPassword    EndReason = "password_changed"
	EndEmail       EndReason = "email_change_undone"
	EndDeactivated EndReason = "account_deactivated"
	EndDeleted     EndReason = "account_deleted"
	EndFactor      EndReason = "second_factor_removed"
	EndSuspended   EndReason = "account_suspended"
	EndForcedReset EndReason = "password_reset_forced"
)

// SessionEnder ends the sessions of an account that changes state. *session.Service is one.
type SessionEnder interface {
	// EndAll ends the user's live sessions other than except (zero: all) in ctx's transaction and gives
	// the changes, to be announced once it has committed.
	EndAll(ctx context.Context, user, except core.ID, reason EndReason) ([]core.Change, error)
}

// DeviceForgetter forgets the devices of an account whose password or address others may know. A device.Store is
// one.
type DeviceForgetter interface {
	// ForgetAll removes every device of the user, in ctx's transaction.
	ForgetAll(ctx context.Context, user core.ID) error
}

// TokenRemover takes the personal access tokens of an account whose password or address others may know. An
// apitoken.Tokens is one.
type TokenRemover interface {
	// RemoveAll removes every personal access token of the user, in ctx's transaction.
	RemoveAll(ctx context.Context, user core.ID) error
}

// FactorRemover takes second factors away from an account that a thief may have given them. *mfa.Service is one.
type FactorRemover interface {
	// RemoveSince removes the factors that were added at or after the instant, and all recovery codes, in ctx's
	// transaction.
	RemoveSince(ctx context.Context, user core.ID, since time.Time) error
}
