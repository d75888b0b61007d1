// Package token is about access tokens: signed JWTs (RFC 9068) that every request carries. It mints them, keeps
// the ring of signing keys that all replicas share, from making to retirement, and remembers tokens whose
// signatures were found genuine. Refresh tokens belong to the session that they continue.
package token

import (
	"time"

	"github.com/doorward/doorward/core"
)

// Claims are the contents of an access token (RFC 9068 §2.2).
type Claims struct {
	ID        core.ID // jti
	Issuer    string
	Audience  string
	ClientID  string
	Subject   core.ID
	SessionID core.ID // sid
	// Actor is the administrator who impersonates the subject, and whose session SessionID then is: the sub of the act
	// claim (RFC 8693 §4.1). Zero for a token of the subject's own.
	Actor     core.ID
	IssuedAt  time.Time
	ExpiresAt time.Time
	AuthTime  time.Time
	Factors   []string // amr
	ACR       string
	Roles     []string
}

// ErrInvalid is the one answer to a token that is malformed, altered, of another type, issuer or
// audience, or signed with an unknown key.
var ErrInvalid = core.NewError(core.KindUnauthenticated, core.CodeInvalidToken, "The token is not valid.")

// ErrExpired is the answer to a genuine token whose time is over.
var ErrExpired = core.NewError(core.KindUnauthenticated, core.CodeTokenExpired, "The token has expired.")
