package signin

import (
	"context"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/audit"
)

// Introspection is what a service account is told of a token (RFC 7662 §2.2). All is empty unless it is Active.
type Introspection struct {
	Active bool
	// Subject is the person, or the service account of a key. Actor is the administrator who impersonates the person;
	// zero where nobody does.
	Subject, Actor core.ID
	// Username is how the person is known here, if by anything; the name of a service account.
	Username string
	// Permissions are what the token may be used for at this moment, sorted.
	Permissions []string
	// Roles are those of the person; none of a personal token, which may be used for less than they promise.
	Roles []string
	// Means is by what its holder comes.
	Means core.Means
	// ID is the jti, or the id of the personal token or key; SessionID is zero for those two.
	ID, SessionID core.ID
	ClientID      string
	Issuer        string
	Audience      string
	IssuedAt      time.Time
	// ExpiresAt is zero for a key that is good until it is revoked.
	ExpiresAt time.Time
}

// ErrNoService is the answer to a person who asks what only service accounts may.
var ErrNoService = core.NewError(core.KindForbidden, core.CodeForbidden, "Only service accounts may ask this.")

// Introspect tells a service account whether a token is good and what for, judged as if it were used here now, which
// counts as a use of a personal token or key. It never tells why one is not good: unknown, expired, revoked, malformed,
// of a person who is suspended, or of another server, all are merely not active.
//
// Errors: ErrNoService, access.Lacks, KindUnavailable.
func (s *Service) Introspect(ctx context.Context, caller core.Principal, rights *access.Rights, raw string) (Introspection, error) {
	if caller.Means != core.ByService {
		return Introspection{}, s.refuseIntrospection(ctx, caller, ErrNoService)
	}
	if !rights.Set.Has(access.TokensIntrospect) {
		return Introspection{}, s.refuseIntrospection(ctx, caller, access.Lacks(access.TokensIntrospect))
	}
	who, about, err := s.authenticate(ctx, raw)
	switch {
	case err != nil && core.AsError(err).Kind == core.KindUnauthenticated:
		return Introspection{}, nil
	case err != nil:
		return Introspection{}, err
	case !who.EnrolBy.IsZero() && !s.deps.Clock.Now().Before(who.EnrolBy):
		return Introspection{}, nil // good for nothing but enrolling a second factor
	}
	return s.describe(&who, about), nil
}

func (s *Service) refuseIntrospection(ctx context.Context, caller core.Principal, err error) error {
	event := audit.Event{Action: audit.ActionDenied, Metadata: map[string]string{"operation": "introspectToken"}}
	return s.deps.Trail.Refuse(ctx, event.By(caller), err)
}

func (s *Service) describe(who *Authenticated, about shown) Introspection {
	claims, caller := about.claims, who.Principal
	told := Introspection{
		Active: true, Subject: claims.Subject, Actor: caller.Actor, Username: who.User.Username,
		Permissions: about.catalogue.Keys(&who.Rights.Set), Roles: who.User.Roles, Means: caller.Means, ID: claims.ID,
		SessionID: caller.SessionID, ClientID: claims.ClientID, Issuer: claims.Issuer, Audience: claims.Audience,
		IssuedAt: claims.IssuedAt, ExpiresAt: claims.ExpiresAt,
	}
	if caller.Means == core.ByToken {
		told.Roles = nil
	}
	if caller.Means == core.ByService {
		told.Username, told.ClientID = about.client, caller.ServiceID.String()
	}
	own := s.deps.Issuer.Own()
	if told.Issuer == "" {
		told.Issuer, told.Audience = own.Issuer, own.Audience
	}
	if told.ClientID == "" {
		told.ClientID = own.ClientID
	}
	return told
}
