package signin

import (
	"context"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/credential"
)

// Reauthenticate proves again, by password, who the caller is: the session is recent then, and answers
// with fresh tokens of its own. Errors: ErrInvalidCredentials, also for an account without a password,
// session.ErrEnded, and those of credential.Hasher.
func (s *Service) Reauthenticate(ctx context.Context, principal core.Principal, password string) (SignedIn, error) {
	user, err := s.deps.Users.Find(ctx, principal.UserID)
	if err != nil {
		return SignedIn{}, fmt.Errorf("find user: %w", err)
	}
	match, _, err := credential.Verify(ctx, s.deps.Hasher, password, user.Password)
	if err != nil {
		return SignedIn{}, err
	}
	if !match || user.Status != account.StatusActive {
		return SignedIn{}, ErrInvalidCredentials
	}
	held, err := s.deps.Sessions.Prove(ctx, principal, []string{FactorPassword})
	if err != nil {
		return SignedIn{}, err
	}
	return s.mint(user, held)
}
