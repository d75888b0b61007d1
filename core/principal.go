package core

import (
	"context"
	"net/netip"
	"time"
)

// Means is by what a caller came.
type Means uint8

// The means.
const (
	// BySession is a person with a live session of their own.
	BySession Means = iota
	// ByToken is a program of a person, with one of their personal access tokens.
	ByToken
	// ByImpersonation is an administrator who sees what the person sees.
	ByImpersonation
	// ByService is a machine of its own, with a key of its service account. It is no person.
	ByService
)

// Principal is who calls. Only authentication makes one; use cases take it as an argument and never read a caller's
// identity from a request body.
type Principal struct {
	Means Means
	// UserID is the person; zero for a service account.
	UserID ID
	// SessionID is the session of the person, or, under impersonation, of the administrator; zero for tokens and
	// keys.
	SessionID ID
	// Actor is the administrator who impersonates the person; zero otherwise.
	Actor ID
	// ServiceID is the service account; zero for persons.
	ServiceID ID
	// TokenID is the personal access token or key that was shown; zero for sessions.
	TokenID ID
	// Scopes are the permissions that a token or key was given: rights are never more than these. They mean
	// nothing for the other means.
	Scopes []string
	// AuthTime is when the person last proved who they are (RFC 9068 auth_time).
	AuthTime time.Time
	// Factors are the factors of that proof, as RFC 8176 amr names.
	Factors []string
	// Roles are the roles at this moment, from the store and not from the token.
	Roles []string
}

// RequireRecent refuses a caller whose last proof of identity is older than maxAge. The error is
// CodeReauthentication and names the factors that would satisfy it.
//
// Tokens, keys and impersonation never prove who the person is, however fresh they are.
func (p Principal) RequireRecent(now time.Time, maxAge time.Duration, factors ...string) error {
	if p.Means == BySession && now.Sub(p.AuthTime) <= maxAge {
		return nil
	}
	return Unproven(factors...)
}

// ErrInPerson is the answer to tokens, keys and impersonation where only the person themselves will do: no proof of who
// they are would help them.
var ErrInPerson = NewError(KindForbidden, CodeForbidden, "Only the person can do this, signed in themselves.")

// Unproven asks the caller to prove anew who they are, by one of the factors.
func Unproven(factors ...string) error {
	refusal := NewError(KindForbidden, CodeReauthentication, "Please confirm that it is you before doing this.")
	refusal.Factors = factors
	return refusal
}

// ID is who acts: the service account, the administrator who impersonates, or else the person.
func (p Principal) ID() ID {
	switch p.Means {
	case ByService:
		return p.ServiceID
	case ByImpersonation:
		return p.Actor
	case BySession, ByToken:
	}
	return p.UserID
}

// Bounded reports whether the caller's rights are bounded by Scopes.
func (p Principal) Bounded() bool { return p.Means == ByToken || p.Means == ByService }

// Client is where a request comes from, as the edge saw it. It is information, never authority.
type Client struct {
	IP        netip.Addr
	UserAgent string
	RequestID string
	// Languages is the Accept-Language of the request, verbatim.
	Languages string
}

type callerKey struct{}

// WithCaller carries in ctx who was admitted, for the audit trail alone: it marks what was done by means other than a
// session of the person's own, whichever use case does it. No use case takes its caller from there.
func WithCaller(ctx context.Context, caller Principal) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// CallerFrom gives what WithCaller carries; false where nobody was admitted.
func CallerFrom(ctx context.Context) (Principal, bool) {
	caller, known := ctx.Value(callerKey{}).(Principal)
	return caller, known
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
