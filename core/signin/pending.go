package signin

import (
	"context"
	"errors"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/verification"
)

var errPending = core.Internal(errors.New("not there yet"))

const (
	kindRegister = "register"
	kindResend   = "resend"
)

func (s *Service) resolveRegister(context.Context, verification.Intake) error { return errPending }
func (s *Service) resolveResend(context.Context, verification.Intake) error   { return errPending }

// Registration is what somebody registers with. Username and the profile's fields but Name may be empty.
type Registration struct {
	Email    string
	Username string
	Password string
	Profile  account.Profile
}

// Registered is the answer to a registration: a Receipt where the mailbox must be proven, else SignedIn.
type Registered struct {
	Receipt  *verification.Receipt
	SignedIn *SignedIn
}

// Register registers an account.
func (s *Service) Register(ctx context.Context, registration Registration) (Registered, error) {
	return Registered{}, errPending
}

// Resend sends the code and link of a verification again.
func (s *Service) Resend(ctx context.Context, id core.ID) (verification.Receipt, error) {
	return verification.Receipt{}, errPending
}

// ResendTo sends a code and link to whom the identifier names.
func (s *Service) ResendTo(ctx context.Context, identifier string) (verification.Receipt, error) {
	return verification.Receipt{}, errPending
}

// VerifyCode proves the mailbox by the code, and signs in. verification.ErrCode.
func (s *Service) VerifyCode(ctx context.Context, id core.ID, code string) (SignedIn, error) {
	return SignedIn{}, errPending
}

// VerifyLink proves the mailbox by the token of the link, without signing in. verification.ErrLink.
func (s *Service) VerifyLink(ctx context.Context, token string) error { return errPending }

// Login signs in with a password.
func (s *Service) Login(ctx context.Context, identifier, password string) (SignedIn, error) {
	return SignedIn{}, errPending
}

// Renew exchanges a refresh token for new tokens of the same session.
func (s *Service) Renew(ctx context.Context, refreshToken string) (SignedIn, error) {
	return SignedIn{}, errPending
}

// Reauthenticate proves again, by password, who the caller is; the session becomes recent.
func (s *Service) Reauthenticate(ctx context.Context, principal core.Principal, password string) (SignedIn, error) {
	return SignedIn{}, errPending
}

// Logout ends the caller's session.
func (s *Service) Logout(ctx context.Context, principal core.Principal) error { return errPending }

// LogoutByRefresh ends the session that the refresh token belongs to, for a client whose access token has
// expired. token.ErrInvalid.
func (s *Service) LogoutByRefresh(ctx context.Context, refreshToken string) error { return errPending }

// Authenticate gives the caller that an access token names, with their rights at this moment.
func (s *Service) Authenticate(ctx context.Context, accessToken string) (Authenticated, error) {
	return Authenticated{}, errPending
}

// UsernameAvailable tells whether the username can be had.
func (s *Service) UsernameAvailable(ctx context.Context, username string) (bool, error) {
	return false, errPending
}

// EmailAvailable tells whether the address has no account, where HideAddresses permits it.
func (s *Service) EmailAvailable(ctx context.Context, email string) (bool, error) {
	return false, errPending
}
