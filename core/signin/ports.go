package signin

import "github.com/doorward/doorward/core/token"

// Verifier checks access tokens; every token.Signer is one, and *token.VerifiedMemory the one to use.
type Verifier interface {
	// Verify gives the claims of a genuine token. token.ErrInvalid, token.ErrExpired.
	Verify(raw string) (token.Claims, error)
}
