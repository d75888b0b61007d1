package portability

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/audit"
)

// Digest is a SHA-256 digest; zero for none.
type Digest [sha256.Size]byte

// Mark is what an import left of an account, so that the next one knows what its owner has done since.
type Mark struct {
	// Line is the digest of the line as AppendLine writes it.
	Line Digest
	// Password is the digest of the hash that the line had, and PasswordAt the PasswordChangedAt that it was given; zero
	// where the line had none. EmailKey and EmailVerified are the address as it was left.
	Password      Digest
	PasswordAt    time.Time
	EmailKey      string
	EmailVerified bool
	// ExternalID is the one that the account was made under.
	ExternalID string
	// Severed tells that the account has had a permission of administration, by its roles and groups: from then on no line
	// changes what it signs in with, whatever becomes of them.
	Severed bool
}

// Imported is an account that an import made, and what it left of it.
type Imported struct {
	User account.User
	Mark Mark
	// By imported it at the instant At, and so assigned its roles.
	By core.ID
	At time.Time
}

// Known is an account that stands. Marked tells whether an import made it, under the external id that it has; Mark is zero
// where none did. An id that was given to it since, by hand, is no claim to what a line with that id assigns.
type Known struct {
	User   account.User
	Mark   Mark
	Marked bool
}

// Standing is what stands in the way of a batch, or is meant by it.
type Standing struct {
	// Accounts are those with one of the external ids, by it.
	Accounts map[string]Known
	// Emails and Usernames are who has one of the keys, by it.
	Emails    map[string]core.ID
	Usernames map[string]core.ID
}

// Store is what moving accounts needs of the database.
type Store interface {
	// Standing looks a batch up, in ctx's transaction where there is one, by a fixed number of statements.
	Standing(ctx context.Context, externalIDs, emailKeys, usernameKeys []string) (Standing, error)
	// Add adds all of the accounts with their roles, assigned as Imported tells, and marks, and the events with them, or none.
	// account.ErrEmailTaken, account.ErrUsernameTaken, account.ErrExternalIDTaken; core.ErrNotFound for a role that
	// does not exist. They leave the transaction usable.
	Add(ctx context.Context, accounts []Imported, events ...audit.Event) error
	// Remember overwrites the mark of an account that has one, but for the external id. core.ErrNotFound.
	Remember(ctx context.Context, id core.ID, mark Mark) error
	// Sever sets Severed of the mark of an account that has one, in ctx's transaction.
	Sever(ctx context.Context, id core.ID) error
	// Page gives up to limit accounts that are active or deactivated, by id ascending, behind after: what a Line tells
	// of them, with MustReset and nothing else. Each account is as it was at one moment, the page at another than the
	// next.
	Page(ctx context.Context, after core.ID, limit int) ([]account.User, error)
}

// SecretKiller ends what a mailbox or password that is not the account's any more could still get at it with. A
// verification.Prover is one.
type SecretKiller interface {
	// KillSecrets ends the user's codes and links, and sign-ins that wait for their second step, in ctx's transaction.
	KillSecrets(ctx context.Context, user core.ID) error
}

// Hashes judges hashes of other systems.
type Hashes interface {
	// Check refuses a hash that nobody's password could be compared with here, or only at too high a cost. KindInvalid
	// for the field "password_hash": core.CodeUnknownValue, core.CodeInvalidFormat, core.CodeOutOfRange.
	Check(hash account.PasswordHash) error
}
