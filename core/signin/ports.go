package signin

import (
	"context"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/token"
)

// Sessions begins, continues and ends sessions. session.Service is one.
type Sessions interface {
	// Start opens a session for the client of ctx, and announces the ends of those it evicted.
	// core.ErrConflict when the user's row is no longer at user.Rev or not active.
	Start(ctx context.Context, user account.User, factors []string) (session.Session, error)
	// Refresh applies the rotation rule and gives the session and its user. KindUnauthenticated:
	// core.CodeSessionEnded, core.CodeRefreshReused.
	Refresh(ctx context.Context, presented session.Presented) (session.Session, account.User, error)
	// Prove records a fresh proof of identity in the session. KindUnauthenticated when it has ended.
	Prove(ctx context.Context, id core.ID, factors []string) (session.Session, error)
	// End ends one session of the user and announces it. core.ErrNotFound when it is not live.
	End(ctx context.Context, user, id core.ID, reason session.EndReason) error
}

// AccessTokens mints access tokens. *token.Issuer is one.
type AccessTokens interface {
	// Access mints a token now. It waits for nothing.
	Access(grant token.Grant) (token.Access, error)
}

// RefreshTokens writes and reads refresh tokens.
type RefreshTokens interface {
	// Write gives the text of the token.
	Write(presented session.Presented) string
	// Read authenticates a text. token.ErrInvalid for one that was not written here.
	Read(raw string) (session.Presented, error)
}

// Verifier checks access tokens. token.Signer is one.
type Verifier interface {
	// Verify gives the claims of a genuine token. token.ErrInvalid, token.ErrExpired.
	Verify(raw string) (token.Claims, error)
}
