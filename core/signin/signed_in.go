package signin

import (
	"context"
	"fmt"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/token"
)

// Tokens are what a client holds of a session.
type Tokens struct {
	Access  string
	Refresh string
	// ExpiresIn and RefreshExpiresIn are how long the tokens are good from now.
	ExpiresIn        time.Duration
	RefreshExpiresIn time.Duration
}

// SignedIn is the answer to everybody who gets in.
type SignedIn struct {
	User    account.User
	Session session.Session
	Tokens  Tokens
	// DeviceToken makes the client a known device at its next sign-in; empty where it goes on with the one that
	// it showed.
	DeviceToken string
	// EnrolBy is until when the user may do without the second factor that is demanded of them; zero where none is.
	EnrolBy time.Time
	// DeviceExpiresIn is how long the client is known from now; zero where it did not sign in but renew.
	DeviceExpiresIn time.Duration
}

// Entry is the answer to a first factor: exactly one of the two is set.
type Entry struct {
	SignedIn  *SignedIn
	Challenge *Challenge
}

// Challenge asks for a second factor. Nothing is signed in yet.
type Challenge struct {
	ID        core.ID
	ExpiresAt time.Time
	// Factors are those that would do.
	Factors []mfa.Kind
}

// mint makes the tokens of a session as it stands. It happens after everything was committed, and waits
// for nothing.
func (s *Service) mint(user account.User, held session.Session, catalogue *access.Catalogue) (SignedIn, error) {
	minted, err := s.deps.Issuer.Access(token.Grant{
		UserID: user.ID, SessionID: held.ID, AuthTime: held.AuthTime, Factors: held.Factors,
		Roles: user.Roles, NotAfter: held.ExpiresAt,
	})
	if err != nil {
		return SignedIn{}, fmt.Errorf("mint access token: %w", err)
	}
	now := s.deps.Clock.Now()
	return SignedIn{User: user, Session: held, Tokens: Tokens{
		Access:           minted.Token,
		Refresh:          s.deps.References.Mint(held.Current()),
		ExpiresIn:        minted.ExpiresAt.Sub(now),
		RefreshExpiresIn: held.IdleExpiresAt.Sub(now),
	}, EnrolBy: s.deps.Factors.Deadline(user, catalogue.Rights(&user).SecondFactorSince)}, nil
}

// Refresh exchanges a refresh token for new tokens of the same session. Errors: session.ErrReference,
// session.ErrEnded, session.ErrReused.
func (s *Service) Refresh(ctx context.Context, refreshToken string) (SignedIn, error) {
	catalogue, err := s.catalogue(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	held, user, err := s.deps.Sessions.Refresh(ctx, refreshToken)
	if err != nil {
		return SignedIn{}, err
	}
	return s.mint(user, held, catalogue)
}

// Logout ends the caller's session on every replica. Doing so twice is no error.
func (s *Service) Logout(ctx context.Context, principal core.Principal) error {
	return s.deps.Sessions.SignOut(ctx, principal)
}

// LogoutByRefresh ends the session that a refresh token belongs to, for a client whose access token has
// expired. A session that is over already is no error. session.ErrReference.
func (s *Service) LogoutByRefresh(ctx context.Context, refreshToken string) error {
	return s.deps.Sessions.EndByRefreshToken(ctx, refreshToken)
}
