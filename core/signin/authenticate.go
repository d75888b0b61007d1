package signin

import (
	"context"
	"fmt"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/token"
)

// Authenticated is a caller with a good access token, personal token or key, and what is known of them at this moment.
type Authenticated struct {
	Principal core.Principal
	// User is the person; under impersonation the one who is impersonated. It is zero for a service account.
	User account.User
	// Session is that of the person. It is zero for all who show none of that person's: tokens, keys, impersonation.
	Session session.Session
	// Rights is what the caller may do: those of the person, within the bounds of what they came by.
	Rights access.Rights
	// EnrolBy is until when the caller may do without the second factor that is demanded of them; zero where none
	// is. Beyond, they may do nothing but enrol. Under impersonation it is demanded of the administrator.
	EnrolBy time.Time
}

// Authenticate gives the caller that a token names, with their rights at this moment: an access token, a personal
// access token or the key of a service account, which are told apart by how they begin. For an access token and with a
// warm cache it asks neither the database nor a peer; tokens and keys cost one statement on the primary, so that what
// is revoked is good nowhere at the next request. Errors: token.ErrInvalid, token.ErrExpired, session.ErrEnded.
func (s *Service) Authenticate(ctx context.Context, raw string) (Authenticated, error) {
	who, _, err := s.authenticate(ctx, raw)
	return who, err
}

// shown is what was shown, for those who ask about it.
type shown struct {
	claims token.Claims
	// catalogue is the one that the rights were made by: to another one they mean something else.
	catalogue *access.Catalogue
	// client is whom it was made for, where the claims do not say.
	client string
}

func (s *Service) authenticate(ctx context.Context, raw string) (Authenticated, shown, error) {
	switch form, _ := apitoken.FormOf(raw); form {
	case apitoken.FormPersonal:
		return s.byToken(ctx, raw)
	case apitoken.FormService:
		return s.byService(ctx, raw)
	}
	claims, err := s.deps.Verifier.Verify(raw)
	if err != nil {
		return Authenticated{}, shown{}, err
	}
	catalogue, err := s.catalogue(ctx)
	if err != nil {
		return Authenticated{}, shown{}, err
	}
	var who Authenticated
	if claims.Actor.IsZero() {
		who, err = s.bySession(ctx, catalogue, &claims)
	} else {
		who, err = s.byImpersonation(ctx, catalogue, &claims)
	}
	return who, shown{claims: claims, catalogue: catalogue}, err
}

func (s *Service) catalogue(ctx context.Context) (*access.Catalogue, error) {
	catalogue, err := s.deps.Access.Catalogue(ctx)
	if err != nil {
		return nil, fmt.Errorf("look up the catalogue: %w", err)
	}
	return catalogue, nil
}

func (s *Service) bySession(ctx context.Context, catalogue *access.Catalogue, claims *token.Claims) (Authenticated, error) {
	principal, held, user, err := s.deps.Sessions.Authenticate(ctx, claims.SessionID, claims.Subject, claims.AuthTime)
	if err != nil {
		return Authenticated{}, err
	}
	rights := catalogue.Rights(&user)
	return Authenticated{
		Principal: principal, User: user, Session: held, Rights: catalogue.Narrow(rights, &principal),
		EnrolBy: s.deps.Factors.Deadline(user, rights.SecondFactorSince),
	}, nil
}

// byImpersonation admits an administrator in the place of a person, for as long as they could begin to do so now: their
// session lives, they are active, and hold the permission and all that the person holds.
func (s *Service) byImpersonation(ctx context.Context, catalogue *access.Catalogue, claims *token.Claims) (Authenticated, error) {
	principal, _, administrator, err := s.deps.Sessions.Authenticate(ctx, claims.SessionID, claims.Actor, claims.AuthTime)
	if err != nil {
		return Authenticated{}, err
	}
	person, err := s.deps.Sessions.Person(ctx, claims.Subject)
	if err != nil {
		return Authenticated{}, err
	}
	actor, rights := catalogue.Rights(&administrator), catalogue.Rights(&person)
	if access.Decide(&actor, impersonate, &access.Resource{Owner: person.ID, Holds: rights.Set}) != access.Permitted {
		return Authenticated{}, session.ErrEnded
	}
	principal.Means, principal.UserID, principal.Actor, principal.Roles = core.ByImpersonation, person.ID, administrator.ID, person.Roles
	return Authenticated{
		Principal: principal, User: person, EnrolBy: s.deps.Factors.Deadline(administrator, actor.SecondFactorSince),
		Rights: catalogue.Narrow(rights, &principal),
	}, nil
}

func (s *Service) byToken(ctx context.Context, raw string) (Authenticated, shown, error) {
	held, err := s.deps.Presented.Token(ctx, raw)
	if err != nil {
		return Authenticated{}, shown{}, err
	}
	user, err := s.deps.Sessions.Person(ctx, held.UserID)
	if err != nil {
		return Authenticated{}, shown{}, err
	}
	catalogue, err := s.catalogue(ctx)
	if err != nil {
		return Authenticated{}, shown{}, err
	}
	principal := core.Principal{
		Means: core.ByToken, UserID: user.ID, TokenID: held.ID, Scopes: held.Scopes, Roles: user.Roles,
	}
	rights := catalogue.Rights(&user)
	who := Authenticated{
		Principal: principal, User: user, Rights: catalogue.Narrow(rights, &principal),
		EnrolBy: s.deps.Factors.TokenDeadline(user, rights.SecondFactorSince, held.CreatedAt),
	}
	return who, shown{catalogue: catalogue, claims: token.Claims{
		ID: held.ID, Subject: user.ID, IssuedAt: held.CreatedAt, ExpiresAt: held.ExpiresAt,
	}}, nil
}

func (s *Service) byService(ctx context.Context, raw string) (Authenticated, shown, error) {
	held, account, err := s.deps.Presented.Key(ctx, raw)
	if err != nil {
		return Authenticated{}, shown{}, err
	}
	catalogue, err := s.catalogue(ctx)
	if err != nil {
		return Authenticated{}, shown{}, err
	}
	principal := core.Principal{
		Means: core.ByService, ServiceID: account.ID, TokenID: held.ID, Scopes: account.Scopes,
	}
	claims := token.Claims{ID: held.ID, Subject: account.ID, IssuedAt: held.CreatedAt, ExpiresAt: held.ExpiresAt}
	rights := access.Rights{Who: account.ID, Set: catalogue.Set(account.Scopes...)}
	return Authenticated{Principal: principal, Rights: rights}, shown{client: account.Name, catalogue: catalogue, claims: claims}, nil
}
