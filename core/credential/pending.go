package credential

import (
	"context"
	"errors"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/verification"
)

var errPending = core.Internal(errors.New("not there yet"))

const kindForgot = "forgot"

// Checker refuses passwords that break the rules; *Policy is one.
type Checker interface {
	// Check gives an error of KindInvalid that says which rule the password breaks.
	Check(password string, context ...string) error
}

func (s *Service) resolveForgot(context.Context, verification.Intake) error { return errPending }

// Forgot asks for a reset of the password of whom the identifier names. The answer and the work are the
// same for everybody.
func (s *Service) Forgot(ctx context.Context, identifier string) (verification.Receipt, error) {
	return verification.Receipt{}, errPending
}

// CheckReset tells whether the token of a reset mail can still be used. verification.ErrLink.
func (s *Service) CheckReset(ctx context.Context, token string) error { return errPending }

// ResetRequest is a new password with the proof that permits it: Token, or VerificationID and Code.
type ResetRequest struct {
	Token          string
	VerificationID core.ID
	Code           string
	NewPassword    string
}

// Reset sets a new password. It never signs in. verification.ErrLink, verification.ErrCode.
func (s *Service) Reset(ctx context.Context, request ResetRequest) error { return errPending }

// Change replaces the caller's password and ends their other sessions.
func (s *Service) Change(ctx context.Context, principal core.Principal, current, fresh string) error {
	return errPending
}
