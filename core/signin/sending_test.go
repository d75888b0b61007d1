package signin_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/limit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

// thrice is how often messages are sent in these tests.
var thrice = limit.Limit{Burst: 3, Period: 15 * time.Minute}

func openThrice(t *testing.T) *house.House {
	h := house.Open(t)
	h.LimitSending(thrice)
	return h
}

// Whatever asks for a message to a mailbox without an account, it gets three; then all are answered as ever,
// and the code that was sent before stays good.
func TestSendingToAMailboxIsLimited(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"
	h := openThrice(t)
	receipt := h.Register(email, "")
	for range 4 {
		again, err := h.SignIn.Resend(h.Ctx, receipt.ID)
		h.Must(err)
		coretest.Equal(t, receipt.ID, again.ID)
		h.Work()
	}
	other := h.Register(email, "")
	if _, err := h.SignIn.ResendTo(h.Ctx, " ADA@example.com"); err != nil {
		t.Fatal(err)
	}
	h.Work()
	coretest.Equal(t, 3, h.Letters(mail.KindRegistration, email))
	code := h.Letter(mail.KindRegistration, email).Code
	_, err := h.SignIn.VerifyCode(h.Ctx, other.ID, code)
	h.Refused(err, verification.ErrCode)
	_, err = h.SignIn.VerifyCode(h.Ctx, receipt.ID, code)
	h.Must(err)
}

// One comes back after five minutes.
func TestSendingResumes(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"
	h := openThrice(t)
	for want, wait := range []time.Duration{0, 0, 0, 5 * time.Minute, 5 * time.Minute} {
		h.Later(wait)
		h.Register(email, "")
		coretest.Equal(t, want+1, h.Letters(mail.KindRegistration, email))
		h.Register("bob"+email, "")
	}
	h.Register(email, "")
	coretest.Equal(t, 5, h.Letters(mail.KindRegistration, email))
}

// An account is sent three resets, by whichever of its names, and its codes stay good
// however many decoys are piled up over them.
func TestSendingToAnAccountIsLimited(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"
	h := house.Open(t)
	h.Member(email, "ada")
	h.LimitSending(thrice)
	var receipts []verification.Receipt
	for range 5 {
		for _, name := range []string{"ada", email} {
			receipt, err := h.Password.Forgot(h.Ctx, name)
			h.Must(err)
			h.Work()
			receipts = append(receipts, receipt)
		}
	}
	coretest.Equal(t, 3, h.Letters(mail.KindPasswordReset, email))
	reset := credential.ResetRequest{
		VerificationID: receipts[2].ID, Code: h.Letter(mail.KindPasswordReset, email).Code, NewPassword: "a wholly new phrase",
	}
	spent := reset
	spent.VerificationID = receipts[9].ID
	h.Refused(h.Password.Reset(h.Ctx, spent), verification.ErrCode)
	h.Must(h.Password.Reset(h.Ctx, reset))
}

// Changes of address count the person, and the mailbox that they name.
func TestSendingOfNewAddressesIsLimited(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	ask := func(caller core.Principal, email string) {
		t.Helper()
		_, err := h.Account.RequestEmailChange(h.Ctx, caller, email)
		h.Must(err)
		h.Work()
	}
	ada, bob := h.Principal(h.Member("ada@example.com", "")), h.Principal(h.Member("bob@example.com", ""))
	h.LimitSending(thrice)
	ask(ada, "one@new.example")
	ask(ada, "one@new.example")
	ask(bob, "one@new.example")
	ask(bob, "one@new.example")
	coretest.Equal(t, 3, h.Letters(mail.KindEmailChange, "one@new.example"))
	ask(ada, "two@new.example")
	ask(ada, "three@new.example")
	coretest.Equal(t, 1, h.Letters(mail.KindEmailChange, "two@new.example"))
	coretest.Equal(t, 0, h.Letters(mail.KindEmailChange, "three@new.example"))
}

// A message whose sending failed is not counted twice.
func TestSendingThatFailedIsNotCountedAgain(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"
	h := openThrice(t)
	h.Post.Fail(true)
	registered, err := h.SignIn.Register(h.Ctx, registration(email, "", house.Passphrase))
	h.Must(err)
	for range 5 {
		if _, err := h.Worker.Step(h.Ctx); err == nil {
			t.Fatal("the post took a letter")
		}
		h.Later(time.Minute)
	}
	h.Post.Fail(false)
	h.Work()
	_, err = h.SignIn.VerifyCode(h.Ctx, registered.Receipt.ID, h.Letter(mail.KindRegistration, email).Code)
	h.Must(err)
}

// Asking for a reset's code by its id uses nothing up: it is not sent that way.
func TestResendingWhatIsNotResentCountsNothing(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"
	h := house.Open(t)
	h.Member(email, "")
	h.LimitSending(thrice)
	receipt, err := h.Password.Forgot(h.Ctx, email)
	h.Must(err)
	h.Work()
	for range 5 {
		_, err := h.SignIn.Resend(h.Ctx, receipt.ID)
		h.Must(err)
		h.Work()
	}
	_, err = h.Password.Forgot(h.Ctx, email)
	h.Must(err)
	h.Work()
	coretest.Equal(t, 2, h.Letters(mail.KindPasswordReset, email))
}

// TestStrangersCannotKeepMessagesBack asks in the name of somebody for what anybody can ask for, as often as one likes:
// the messages by which its owner gets at an account come all the same.
func TestStrangersCannotKeepMessagesBack(t *testing.T) {
	t.Parallel()
	const email, fresh, moved = "ada@example.com", "bob@example.com", "lovelace@example.com"
	h := house.Open(t)
	ada := h.Principal(h.Member(email, ""))
	h.LimitSending(thrice)
	for range 5 {
		for _, name := range []string{email, fresh} {
			_, err := h.SignIn.ResendTo(h.Ctx, name)
			h.Must(err)
			h.Work()
		}
		h.Register(email, "")
	}
	_, err := h.Password.Forgot(h.Ctx, email)
	h.Must(err)
	h.Work()
	coretest.Equal(t, 1, h.Letters(mail.KindPasswordReset, email))
	_, err = h.Password.Forgot(h.Ctx, fresh)
	h.Must(err)
	_, err = h.Account.RequestEmailChange(h.Ctx, ada, moved)
	h.Must(err)
	h.Work()
	coretest.Equal(t, 1, h.Letters(mail.KindEmailChange, moved))
	h.Register(fresh, "")
	coretest.Equal(t, 1, h.Letters(mail.KindRegistration, fresh))
}
