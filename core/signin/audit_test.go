package signin_test

import (
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

// TestRegistrationsAreWrittenDown follows registrations from the first request to the account.
func TestRegistrationsAreWrittenDown(t *testing.T) {
	t.Parallel()
	const email, waits = "ada@example.com", "account.register success by stranger of nobody"
	opened := func(h *house.House) core.ID {
		user, err := h.Users.FindByIdentifier(h.Ctx, account.Identifier{Kind: account.IdentifierEmail, Key: email})
		h.Must(err)
		return user.ID
	}
	for name, c := range map[string]struct {
		act  func(h *house.House)
		want []string // with the subject, where an account has been opened
	}{
		"that wait": {func(h *house.House) { h.Register(email, "countess") }, []string{waits}},
		"proven by link": {func(h *house.House) {
			h.Register(email, "countess")
			h.Must(h.SignIn.VerifyLink(h.Ctx, h.Letter(mail.KindRegistration, email).Token))
		}, []string{waits, "account.open success by person proof=link"}},
		"proven wrongly": {func(h *house.House) {
			receipt := h.Register(email, "countess")
			_, err := h.Verify(receipt.ID, house.Wrong(h.Letter(mail.KindRegistration, email).Code))
			h.Refused(err, verification.ErrCode)
			h.Refused(h.SignIn.VerifyLink(h.Ctx, "nonsense"), verification.ErrLink)
			_, err = h.Verify(h.IDs.New(), "123456")
			h.Refused(err, verification.ErrCode)
		}, []string{
			waits, "account.confirm_email failure invalid_code by stranger of nobody proof=code",
			"account.confirm_email failure invalid_link by stranger of nobody proof=link",
			"account.confirm_email failure invalid_code by stranger of nobody proof=code",
		}},
		"of an address that is taken": {func(h *house.House) {
			h.Register(email, "countess")
			h.Must(h.SignIn.VerifyLink(h.Ctx, h.Letter(mail.KindRegistration, email).Token))
			h.Register(email, "")
		}, []string{
			waits, "account.open success by person proof=link", "account.register refused email_taken by stranger",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			before := len(h.Log.All())
			c.act(h)
			var got []string
			for _, event := range h.Log.All()[before:] {
				subject := event.Subject
				if !subject.IsZero() {
					subject = opened(h)
				} else {
					subject = h.IDs.New()
				}
				got = append(got, house.Line(event, subject))
			}
			if len(got) != len(c.want) {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("event %d: got %q, want %q", i, got[i], c.want[i])
				}
			}
		})
	}
}

// Without verification the account's opening is written with it, or neither is.
func TestOpeningAtOnceIsWrittenDown(t *testing.T) {
	t.Parallel()
	h := house.OpenWith(t, signin.Config{})
	register := func() error {
		_, err := h.SignIn.Register(h.Ctx, signin.Registration{
			Email: "ada@example.com", Password: house.Passphrase, Profile: account.Profile{Name: "Ada Lovelace"},
		})
		return err
	}
	h.Must(register())
	user, err := h.Users.FindByIdentifier(h.Ctx, account.Identifier{Kind: account.IdentifierEmail, Key: "ada@example.com"})
	h.Must(err)
	events := h.Log.All()
	if got := house.Line(events[0], user.ID); got != "account.open success by person" {
		t.Errorf("the first event is %q", got)
	}
	h.Tells(user.ID, func() { h.Refused(register(), account.ErrEmailTaken) })
}
