package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

// UsernameAvailable tells whether an account could have the username now. It promises nothing: usernames
// are claimed when the mailbox is proven. KindInvalid for the field "username".
func (s *Service) UsernameAvailable(ctx context.Context, username string) (bool, error) {
	_, key, err := account.NormalizeUsername(username)
	if err != nil {
		return false, err
	}
	taken, err := s.deps.Users.UsernameTaken(ctx, key)
	if err != nil {
		return false, fmt.Errorf("look username up: %w", err)
	}
	return !taken, nil
}

// EmailAvailable tells whether the address has no account, where the deployment lets everybody know that.
// KindInvalid for the field "email", also (core.CodeNotAllowed) where it does not.
func (s *Service) EmailAvailable(ctx context.Context, email string) (bool, error) {
	if s.config.HideAddresses {
		return false, core.InvalidField("email", core.CodeNotAllowed, "Whether an address has an account is not told here.")
	}
	_, key, err := account.NormalizeEmail(email)
	if err != nil {
		return false, err
	}
	_, err = s.deps.Users.FindByIdentifier(ctx, account.Identifier{Kind: account.IdentifierEmail, Key: key})
	if errors.Is(err, core.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look address up: %w", err)
	}
	return false, nil
}
