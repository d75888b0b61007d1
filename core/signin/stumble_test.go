package signin_test

import (
	"context"
	"errors"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/signin"
)

type act = func(ctx context.Context) error

// twice is an act that is simply done again after a fault.
func twice(do act) (act, act) { return do, do }

// registerAtOnce opens the account and signs in in two steps. Where only the first was done, the way on is a sign-in.
func registerAtOnce(t *testing.T) (act, act) {
	t.Helper()
	h := house.OpenWith(t, signin.Config{})
	register := func(ctx context.Context) error {
		_, err := h.SignIn.Register(ctx, registration(ada, "countess", house.Passphrase))
		return err
	}
	return register, func(ctx context.Context) error {
		err := register(ctx)
		if errors.Is(err, account.ErrUsernameTaken) { // opened, but not signed in
			_, err = h.SignIn.Login(ctx, signin.Credentials{Identifier: ada, Password: house.Passphrase})
		}
		return err
	}
}

// verifyByCode opens the account and signs in in two steps, as registerAtOnce does.
func verifyByCode(t *testing.T) (act, act) {
	t.Helper()
	h := house.Open(t)
	receipt := h.Register(ada, "")
	code := h.Letter(mail.KindRegistration, ada).Code
	verify := func(ctx context.Context) error {
		_, err := h.SignIn.VerifyCode(ctx, receipt.ID, code)
		return err
	}
	return verify, func(ctx context.Context) error {
		err := verify(ctx)
		if err != nil { // opened, but not signed in
			_, err = h.SignIn.Login(ctx, signin.Credentials{Identifier: ada, Password: house.Passphrase})
		}
		return err
	}
}

func TestNothingIsHalfDone(t *testing.T) {
	t.Parallel()
	cases := map[string]func(t *testing.T) (act, act){
		"register": func(t *testing.T) (act, act) {
			h := house.Open(t)
			return twice(func(ctx context.Context) error {
				_, err := h.SignIn.Register(ctx, registration(ada, "countess", house.Passphrase))
				return err
			})
		},
		"register without verification": registerAtOnce,
		"verify by code":                verifyByCode,
		"verify by link": func(t *testing.T) (act, act) {
			h := house.Open(t)
			h.Register(ada, "")
			token := h.Letter(mail.KindRegistration, ada).Token
			return twice(func(ctx context.Context) error { return h.SignIn.VerifyLink(ctx, token) })
		},
		"confirm": func(t *testing.T) (act, act) {
			h := house.Open(t)
			unverified(h)
			token := h.Letter(mail.KindConfirmation, ada).Token
			return twice(func(ctx context.Context) error { return h.SignIn.VerifyLink(ctx, token) })
		},
		"login": func(t *testing.T) (act, act) {
			h := house.Open(t)
			member := h.Member(ada, "")
			h.Alter(member.User.ID, func(user *account.User) { user.Status = account.StatusDeactivated })
			return twice(func(ctx context.Context) error {
				_, err := h.SignIn.Login(ctx, signin.Credentials{Identifier: ada, Password: house.Passphrase})
				return err
			})
		},
		"reauthenticate": func(t *testing.T) (act, act) {
			h := house.Open(t)
			caller := h.Principal(h.Member(ada, ""))
			return twice(func(ctx context.Context) error {
				_, err := h.SignIn.Reauthenticate(ctx, caller, signin.Confirmation{Password: house.Passphrase})
				return err
			})
		},
		"availability": func(t *testing.T) (act, act) {
			h := house.OpenWith(t, signin.Config{})
			return twice(func(ctx context.Context) error {
				_, err := h.SignIn.UsernameAvailable(ctx, "countess")
				if err == nil {
					_, err = h.SignIn.EmailAvailable(ctx, ada)
				}
				return err
			})
		},
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			house.Stumble(t, prepare)
		})
	}
}

// The worker that resolves an intake dies at any step; another one finds it whole.
func TestResolvingNeverHalfDone(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		submit  func(h *house.House)
		kind    mail.Kind
		letters int
	}{
		"registration": {func(h *house.House) {
			_, err := h.SignIn.Register(h.Ctx, registration(ada, "", house.Passphrase))
			h.Must(err)
		}, mail.KindRegistration, 1},
		"taken address": {func(h *house.House) {
			h.Member(ada, "")
			_, err := h.SignIn.Register(h.Ctx, registration(ada, "", house.Passphrase))
			h.Must(err)
		}, mail.KindAlreadyRegistered, 1},
		"resend by verification": {func(h *house.House) {
			_, err := h.SignIn.Resend(h.Ctx, h.Register(ada, "").ID)
			h.Must(err)
		}, mail.KindRegistration, 2},
		"resend of a confirmation": {func(h *house.House) {
			_, receipt := unverified(h)
			_, err := h.SignIn.Resend(h.Ctx, receipt.ID)
			h.Must(err)
		}, mail.KindConfirmation, 2},
		"resend by address": {func(h *house.House) {
			h.Register(ada, "")
			_, err := h.SignIn.ResendTo(h.Ctx, ada)
			h.Must(err)
		}, mail.KindRegistration, 2},
		"reset": {func(h *house.House) {
			h.Member(ada, "")
			_, err := h.Password.Forgot(h.Ctx, ada)
			h.Must(err)
		}, mail.KindPasswordReset, 1},
		"email change": {func(h *house.House) {
			caller := h.Principal(h.Member("grace@example.com", ""))
			_, err := h.Account.RequestEmailChange(h.Ctx, caller, ada)
			h.Must(err)
		}, mail.KindEmailChange, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			house.Stumble(t, func(t *testing.T) (act, act) {
				h := house.Open(t)
				c.submit(h)
				intakes, err := h.Intakes.Claim(h.Ctx, h.Clock.Now(), 1, 10)
				h.Must(err)
				handlers := h.SignIn.Handlers()
				for kind, handler := range h.Password.Handlers() {
					handlers[kind] = handler
				}
				for kind, handler := range h.Account.Handlers() {
					handlers[kind] = handler
				}
				resolve := func(ctx context.Context) error { return handlers[intakes[0].Kind].Resolve(ctx, intakes[0]) }
				return resolve, func(ctx context.Context) error {
					if err := resolve(ctx); err != nil {
						return err
					}
					if got := h.Letters(c.kind, ada); got != c.letters { //nolint:contextcheck // reads what was committed
						return core.Internal(errors.New("not exactly the letters that were due"))
					}
					return nil
				}
			})
		})
	}
}
