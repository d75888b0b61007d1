package account

import (
	"context"
	"errors"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/verification"
)

var errPending = core.Internal(errors.New("not there yet"))

const kindEmailChange = "email_change"

func (s *Service) resolveEmailChange(context.Context, verification.Intake) error { return errPending }

// ProfileChange is a partial update of a profile: nil leaves a field as it is, a pointer to the empty
// string clears it (JSON null).
type ProfileChange struct {
	Name     *string
	Username *string
	Bio      *string
	ImageURL *string
	Locale   *string
	Phone    *string
}

// UpdateProfile changes the caller's profile. core.ErrInvalid fields, ErrUsernameTaken.
func (s *Service) UpdateProfile(ctx context.Context, principal core.Principal, change ProfileChange) (User, error) {
	return User{}, errPending
}

// Deactivate closes the caller's account until they sign in again, and ends all their sessions.
func (s *Service) Deactivate(ctx context.Context, principal core.Principal) error { return errPending }

// Delete deletes the caller's account (A+): it can be restored until PurgeAt of the user returned.
func (s *Service) Delete(ctx context.Context, principal core.Principal) (User, error) {
	return User{}, errPending
}

// Restore brings a deleted account back by the token of the deletion mail. verification.ErrLink.
func (s *Service) Restore(ctx context.Context, token string) error { return errPending }

// RequestEmailChange (A+) sends a code to the new address; the answer is the same whether it is free.
func (s *Service) RequestEmailChange(ctx context.Context, principal core.Principal, email string) (verification.Receipt, error) {
	return verification.Receipt{}, errPending
}

// ConfirmEmailChange (A+) proves the new address. verification.ErrCode, ErrEmailTaken.
func (s *Service) ConfirmEmailChange(ctx context.Context, principal core.Principal, id core.ID, code string) (User, error) {
	return User{}, errPending
}

// UndoEmailChange takes an email change back from the old address. verification.ErrLink, ErrEmailTaken.
func (s *Service) UndoEmailChange(ctx context.Context, token string) error { return errPending }
