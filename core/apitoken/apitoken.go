package apitoken

import (
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// The bounds.
const (
	// MaxTokens is how many personal tokens somebody has at once.
	MaxTokens = 50
	// MaxKeys is how many keys a service account has at once: two suffice to change one for another without a
	// pause, and more let several installations have one each.
	MaxKeys = 10
	// MaxServices is how many service accounts there are.
	MaxServices = 1000
	// MaxScopes is how many scopes a token or service account has.
	MaxScopes = 100
	// NameMax and DescriptionMax are in code points.
	NameMax        = 100
	DescriptionMax = 500
	// UseEvery is how coarsely the last use is noted: often enough to tell an unused token from a used one, and rare
	// enough not to make a write of every request.
	UseEvery = time.Minute
	// DefaultTTL is how long a personal token is good where nobody says otherwise.
	DefaultTTL = 90 * 24 * time.Hour
	// DefaultMaxTTL is the longest that one is good unless the deployment says otherwise: a token that nobody renews
	// once a year is one that nobody remembers.
	DefaultMaxTTL = 365 * 24 * time.Hour
	// MinTTL is the shortest: below, a sign-in is the better tool, and clocks differ.
	MinTTL = time.Minute
)

// Token is a personal access token.
type Token struct {
	ID     core.ID
	UserID core.ID
	Name   string
	// Digest is what is kept of the text; Hint is its last HintLength letters.
	Digest secret.TokenDigest
	Hint   string
	// Scopes are permission keys, sorted: the token does no more than these, and no more than its owner.
	Scopes    []string
	CreatedAt time.Time
	ExpiresAt time.Time
	// LastUsedAt is at most UseEvery behind the last use; zero before the first.
	LastUsedAt time.Time
}

// ServiceAccount is a caller of its own that is no person and belongs to none.
type ServiceAccount struct {
	ID          core.ID
	Name        string
	Description string
	// Scopes are permission keys, sorted: what the service account may do.
	Scopes []string
	// Disabled makes all its keys unusable for as long as it lasts.
	Disabled bool
	// CreatedBy is the person or service account who made it.
	CreatedBy core.ID
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Key is one of the keys of a service account. It does what the service account may.
type Key struct {
	ID        core.ID
	ServiceID core.ID
	Digest    secret.TokenDigest
	Hint      string
	CreatedAt time.Time
	// ExpiresAt is zero for a key that is good until it is revoked.
	ExpiresAt time.Time
	// LastUsedAt is as Token.LastUsedAt.
	LastUsedAt time.Time
}

// ErrTooMany is the answer to a token beyond MaxTokens, or a key beyond MaxKeys.
var ErrTooMany = core.NewError(core.KindConflict, core.CodeTooMany, "There are as many of these as there can be. Revoke one first.")

// ErrTooManyServices is the answer to a service account beyond MaxServices.
var ErrTooManyServices = core.NewError(core.KindConflict, core.CodeTooMany, "There are as many service accounts as there can be.")
