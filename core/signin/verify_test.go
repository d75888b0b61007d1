package signin_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

// verify forgets the answer of VerifyCode.
func verify(h *house.House, id core.ID, code string) error {
	_, err := h.SignIn.VerifyCode(h.Ctx, id, code)
	return err
}

// unverified opens an account whose mailbox nobody has proven, and asks for its confirmation.
func unverified(h *house.House) (account.User, verification.Receipt) {
	member := h.Member(ada, "countess")
	user := h.Alter(member.User.ID, func(user *account.User) { user.EmailVerified = false })
	receipt, err := h.SignIn.ResendTo(h.Ctx, "countess")
	h.Must(err)
	h.Work()
	return user, receipt
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]func(h *house.House, id core.ID, code string) error{
		"unknown flow": func(h *house.House, _ core.ID, code string) error { return verify(h, h.IDs.New(), code) },
		"wrong code":   func(h *house.House, id core.ID, code string) error { return verify(h, id, house.Wrong(code)) },
		"code of another flow": func(h *house.House, id core.ID, _ string) error {
			h.Register("grace@example.com", "")
			return verify(h, id, h.Letter(mail.KindRegistration, "grace@example.com").Code)
		},
		"expired": func(h *house.House, id core.ID, code string) error {
			h.Later(verification.CodeTTL)
			return verify(h, id, code)
		},
		"used": func(h *house.House, id core.ID, code string) error {
			h.Must(verify(h, id, code))
			return verify(h, id, code)
		},
		"out of tries": func(h *house.House, id core.ID, code string) error {
			for range verification.MaxTries {
				h.Refused(verify(h, id, house.Wrong(code)), verification.ErrCode)
			}
			return verify(h, id, code)
		},
		"after the link": func(h *house.House, id core.ID, code string) error {
			h.Must(h.SignIn.VerifyLink(h.Ctx, h.Letter(mail.KindRegistration, ada).Token))
			return verify(h, id, code)
		},
		"of another purpose": func(h *house.House, _ core.ID, _ string) error {
			h.Member("grace@example.com", "")
			receipt, err := h.Password.Forgot(h.Ctx, "grace@example.com")
			h.Must(err)
			h.Work()
			return verify(h, receipt.ID, h.Letter(mail.KindPasswordReset, "grace@example.com").Code)
		},
	}
	for name, act := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			receipt := h.Register(ada, "")
			err := act(h, receipt.ID, h.Letter(mail.KindRegistration, ada).Code)
			h.Refused(err, verification.ErrCode)
		})
	}
}

func TestVerifyLinkVerifiesAndSignsNobodyIn(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Register(ada, "countess")
	token := h.Letter(mail.KindRegistration, ada).Token
	h.Later(signin.DefaultRegistrationTTL - time.Second)
	h.Must(h.SignIn.VerifyLink(h.Ctx, token))
	h.Refused(h.SignIn.VerifyLink(h.Ctx, token), verification.ErrLink)
	user := h.Login(ada).User
	sessions, _, err := h.Sessions.List(h.Ctx, user.ID, core.Page{})
	h.Must(err)
	if len(sessions) != 1 || !user.EmailVerified {
		t.Errorf("%d sessions after one sign-in, verified %v", len(sessions), user.EmailVerified)
	}
}

func TestVerifyLinkRefuses(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Register(ada, "")
	token := h.Letter(mail.KindRegistration, ada).Token
	for _, bad := range []string{"", "nonsense", token + "x"} {
		h.Refused(h.SignIn.VerifyLink(h.Ctx, bad), verification.ErrLink)
	}
	h.Later(signin.DefaultRegistrationTTL)
	h.Refused(h.SignIn.VerifyLink(h.Ctx, token), verification.ErrLink)
}

func TestConfirmationOfAnExistingAccount(t *testing.T) {
	t.Parallel()
	t.Run("by code", func(t *testing.T) {
		t.Parallel()
		h := house.Open(t)
		user, receipt := unverified(h)
		_, err := h.Enter(ada, house.Passphrase)
		h.Refused(err, signin.ErrUnverified)
		announced := h.Announced.Of(core.SubjectUser, user.ID)
		signedIn, err := h.Verify(receipt.ID, h.Letter(mail.KindConfirmation, ada).Code)
		h.Must(err)
		if !h.Alive(signedIn) || !h.User(user.ID).EmailVerified || h.Announced.Of(core.SubjectUser, user.ID) != announced+1 {
			t.Errorf("verified %+v", signedIn.User)
		}
		h.Refused(h.SignIn.VerifyLink(h.Ctx, h.Letter(mail.KindConfirmation, ada).Token), verification.ErrLink)
	})
	t.Run("by link", func(t *testing.T) {
		t.Parallel()
		h := house.Open(t)
		user, receipt := unverified(h)
		h.Alter(user.ID, func(user *account.User) { user.Status = account.StatusDeactivated })
		letter := h.Letter(mail.KindConfirmation, ada)
		h.Must(h.SignIn.VerifyLink(h.Ctx, letter.Token))
		if got := h.User(user.ID); !got.EmailVerified || got.Status != account.StatusDeactivated {
			t.Errorf("verified %v, status %s: a link brings nobody back", got.EmailVerified, got.Status)
		}
		h.Refused(verify(h, receipt.ID, letter.Code), verification.ErrCode)
	})
	t.Run("brings a deactivated account back", func(t *testing.T) {
		t.Parallel()
		h := house.Open(t)
		user, receipt := unverified(h)
		h.Alter(user.ID, func(user *account.User) { user.Status = account.StatusDeactivated })
		h.Must(verify(h, receipt.ID, h.Letter(mail.KindConfirmation, ada).Code))
		if got := h.User(user.ID); got.Status != account.StatusActive {
			t.Errorf("status %s", got.Status)
		}
	})
	t.Run("of a suspended account", func(t *testing.T) {
		t.Parallel()
		h := house.Open(t)
		user, receipt := unverified(h)
		h.Alter(user.ID, func(user *account.User) { user.Status = account.StatusSuspended })
		letter := h.Letter(mail.KindConfirmation, ada)
		h.Refused(verify(h, receipt.ID, letter.Code), verification.ErrCode)
		h.Refused(h.SignIn.VerifyLink(h.Ctx, letter.Token), verification.ErrLink)
	})
}

func TestCodeAndLinkAreUsedOnce(t *testing.T) {
	t.Parallel()
	acts := map[string]struct {
		act  func(h *house.House, id core.ID, letter mail.Letter) error
		want error
	}{
		"code": {func(h *house.House, id core.ID, letter mail.Letter) error { return verify(h, id, letter.Code) }, verification.ErrCode},
		"link": {func(h *house.House, _ core.ID, letter mail.Letter) error {
			return h.SignIn.VerifyLink(h.Ctx, letter.Token)
		}, verification.ErrLink},
	}
	for name, c := range acts {
		t.Run(name+" of a registration", func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			receipt := h.Register(ada, "")
			letter := h.Letter(mail.KindRegistration, ada)
			house.OneWins(t, h.RaceProofs(20, func(int) error { return c.act(h, receipt.ID, letter) }), c.want)
		})
		t.Run(name+" of a confirmation", func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			_, receipt := unverified(h)
			letter := h.Letter(mail.KindConfirmation, ada)
			house.OneWins(t, h.RaceProofs(20, func(int) error { return c.act(h, receipt.ID, letter) }), c.want)
		})
	}
	t.Run("code against link", func(t *testing.T) {
		t.Parallel()
		h := house.Open(t)
		receipt := h.Register(ada, "")
		letter := h.Letter(mail.KindRegistration, ada)
		won := 0
		for _, err := range h.RaceProofs(20, func(i int) error {
			if i%2 == 0 {
				return verify(h, receipt.ID, letter.Code)
			}
			return h.SignIn.VerifyLink(h.Ctx, letter.Token)
		}) {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, verification.ErrCode) && !errors.Is(err, verification.ErrLink):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d of 20 opened the account", won)
		}
	})
}

func TestGuessesNeverExceedTheTries(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	receipt := h.Register(ada, "")
	code := h.Letter(mail.KindRegistration, ada).Code
	var right atomic.Int64
	h.RaceProofs(50, func(i int) error {
		guess := fmt.Sprintf("%06d", i)
		if guess == code {
			right.Add(1)
		}
		return verify(h, receipt.ID, guess)
	})
	flow, err := h.Flows.Find(h.Ctx, receipt.ID)
	if right.Load() == 1 && errors.Is(err, core.ErrNotFound) {
		return // one in twenty thousand runs guesses it
	}
	h.Must(err)
	if flow.Tries != verification.MaxTries {
		t.Errorf("%d tries counted of 50, want %d", flow.Tries, verification.MaxTries)
	}
	h.Refused(verify(h, receipt.ID, code), verification.ErrCode)
	h.Must(h.SignIn.VerifyLink(h.Ctx, h.Letter(mail.KindRegistration, ada).Token))
}

// After a hundred failures over several flows only the link is left.
func TestFailuresAreCountedOverFlows(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	for range verification.MaxFailures / verification.MaxTries {
		receipt := h.Register(ada, "")
		for range verification.MaxTries {
			h.Refused(verify(h, receipt.ID, "wrong"), verification.ErrCode)
		}
	}
	receipt := h.Register(ada, "")
	letter := h.Letter(mail.KindRegistration, ada)
	h.Refused(verify(h, receipt.ID, letter.Code), verification.ErrCode)
	h.Must(h.SignIn.VerifyLink(h.Ctx, letter.Token))
}

// Somebody else changes the account between its confirmation and the session.
func TestConfirmationJudgesAgainWhatHasChanged(t *testing.T) {
	t.Parallel()
	for status, want := range map[account.Status]error{
		account.StatusActive: nil, account.StatusSuspended: verification.ErrCode,
	} {
		h := house.Open(t)
		user, receipt := unverified(h)
		var once sync.Once
		h.Announced.Then = func() {
			once.Do(func() { h.Alter(user.ID, func(user *account.User) { user.Status = status }) })
		}
		h.Refused(verify(h, receipt.ID, h.Letter(mail.KindConfirmation, ada).Code), want)
	}
}
