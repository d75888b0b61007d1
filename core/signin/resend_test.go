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

func TestResendKeepsTheTries(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	receipt := h.Register(ada, "")
	first := h.Letter(mail.KindRegistration, ada).Code
	for range verification.MaxTries - 2 {
		h.Refused(verify(h, receipt.ID, house.Wrong(first)), verification.ErrCode)
	}
	h.Later(verification.CodeTTL)
	again, err := h.SignIn.Resend(h.Ctx, receipt.ID)
	h.Must(err)
	h.Work()
	if again.ID != receipt.ID || !again.ExpiresAt.Equal(h.Clock.Now().Add(verification.CodeTTL)) {
		t.Errorf("receipt %+v", again)
	}
	second := h.Letter(mail.KindRegistration, ada).Code
	if first != second {
		h.Refused(verify(h, receipt.ID, first), verification.ErrCode)
	}
	h.Must(verify(h, receipt.ID, second))
}

func TestResendWithoutTriesSendsTheLinkAlone(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	receipt := h.Register(ada, "")
	for range verification.MaxTries {
		h.Refused(verify(h, receipt.ID, "wrong"), verification.ErrCode)
	}
	_, err := h.SignIn.Resend(h.Ctx, receipt.ID)
	h.Must(err)
	h.Work()
	letter := h.Letter(mail.KindRegistration, ada)
	if letter.Code != "" || h.Letters(mail.KindRegistration, ada) != 2 {
		t.Error("a code was sent that cannot be used")
	}
	h.Must(h.SignIn.VerifyLink(h.Ctx, letter.Token))
}

func TestResendByVerification(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		prepare func(h *house.House) core.ID
		kind    mail.Kind
		letters int
	}{
		"unknown": {func(h *house.House) core.ID { return h.IDs.New() }, mail.KindRegistration, 0},
		"decoy": {func(h *house.House) core.ID {
			h.Member(ada, "")
			return h.Register(ada, "").ID
		}, mail.KindAlreadyRegistered, 1},
		"expired registration": {func(h *house.House) core.ID {
			receipt := h.Register(ada, "")
			h.Later(signin.DefaultRegistrationTTL)
			return receipt.ID
		}, mail.KindRegistration, 1},
		"confirmation": {func(h *house.House) core.ID {
			_, receipt := unverified(h)
			return receipt.ID
		}, mail.KindConfirmation, 2},
		"confirmation of a suspended account": {func(h *house.House) core.ID {
			user, receipt := unverified(h)
			h.Alter(user.ID, func(user *account.User) { user.Status = account.StatusSuspended })
			return receipt.ID
		}, mail.KindConfirmation, 1},
		"password reset": {func(h *house.House) core.ID {
			h.Member(ada, "")
			receipt, err := h.Password.Forgot(h.Ctx, ada)
			h.Must(err)
			h.Work()
			return receipt.ID
		}, mail.KindPasswordReset, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			id := c.prepare(h)
			receipt, err := h.SignIn.Resend(h.Ctx, id)
			h.Must(err)
			h.Work()
			want := verification.Receipt{
				ID: id, Channel: verification.ChannelEmail, ExpiresAt: h.Clock.Now().Add(verification.CodeTTL),
			}
			if receipt != want {
				t.Errorf("receipt %+v, want %+v", receipt, want)
			}
			if got := h.Letters(c.kind, ada); got != c.letters {
				t.Errorf("%d letters, want %d", got, c.letters)
			}
		})
	}
}

func TestResendByIdentifier(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		prepare    func(h *house.House)
		identifier string
		letters    int
	}{
		"unknown address":             {func(*house.House) {}, ada, 0},
		"unknown username":            {func(*house.House) {}, "countess", 0},
		"nonsense":                    {func(*house.House) {}, "@@", 0},
		"pending, by address":         {func(h *house.House) { h.Register(ada, "countess") }, "ADA@example.com", 2},
		"pending, by username":        {func(h *house.House) { h.Register(ada, "countess") }, "countess", 1},
		"verified account":            {func(h *house.House) { h.Member(ada, "countess") }, ada, 1},
		"unverified account":          {func(h *house.House) { unverified(h) }, ada, 3},
		"unverified, but deactivated": {alteredTo(account.StatusDeactivated), ada, 3},
		"unverified, but suspended":   {alteredTo(account.StatusSuspended), ada, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			c.prepare(h)
			receipt, err := h.SignIn.ResendTo(h.Ctx, c.identifier)
			h.Must(err)
			h.Work()
			if receipt.Channel != verification.ChannelEmail || !receipt.ExpiresAt.Equal(h.Clock.Now().Add(verification.CodeTTL)) {
				t.Errorf("receipt %+v", receipt)
			}
			if got := len(h.Post.All(ada)); got != c.letters {
				t.Errorf("%d letters, want %d", got, c.letters)
			}
			flow, err := h.Flows.Find(h.Ctx, receipt.ID)
			if err != nil || !flow.ExpiresAt.Equal(receipt.ExpiresAt) {
				t.Errorf("the flow of the receipt is %+v, %v", flow, err)
			}
		})
	}
}

func alteredTo(status account.Status) func(h *house.House) {
	return func(h *house.House) {
		user, _ := unverified(h)
		h.Alter(user.ID, func(user *account.User) { user.Status = status })
	}
}
