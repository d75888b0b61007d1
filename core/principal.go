package core

import (
	"context"
	"net/netip"
	"time"
)

// Principal is who calls: a person with a live session. Only authentication makes one; use cases take
// it as an argument and never read a caller's identity from a request body.
type Principal struct {
	UserID    ID
	SessionID ID
	// AuthTime is when the person last proved who they are (RFC 9068 auth_time).
	AuthTime time.Time
	// Factors are the factors of that proof, as RFC 8176 amr names.
	Factors []string
	// Roles are the roles at this moment, from the store and not from the token.
	Roles []string
}

// RequireRecent refuses a caller whose last proof of identity is older than maxAge. The error is
// CodeReauthentication and names the factors that would satisfy it.
func (p Principal) RequireRecent(now time.Time, maxAge time.Duration, factors ...string) error {
	if now.Sub(p.AuthTime) <= maxAge {
		return nil
	}
	return Unproven(factors...)
}

// Unproven asks the caller to prove anew who they are, by one of the factors.
func Unproven(factors ...string) error {
	refusal := NewError(KindForbidden, CodeReauthentication, "Please confirm that it is you before doing this.")
	refusal.Factors = factors
	return refusal
}

// Client is where a request comes from, as the edge saw it. It is information, never authority.
type Client struct {
	IP        netip.Addr
	UserAgent string
	RequestID string
	// Languages is the Accept-Language of the request, verbatim.
	Languages string
}

type clientKey struct{}

// WithClient carries the client of a request in ctx.
func WithClient(ctx context.Context, client Client) context.Context {
	return context.WithValue(ctx, clientKey{}, client)
}

// ClientFrom gives the client of the request that ctx belongs to; the zero Client outside of one.
func ClientFrom(ctx context.Context) Client {
	client, _ := ctx.Value(clientKey{}).(Client)
	return client
}
