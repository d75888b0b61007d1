package credential_test

import (
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

// ended is how the end of sessions by a new password is told.
const ended = "session.end success password_changed by system sessions="

// forgetFor asks for a new password and has the mail sent.
func forgetFor(h *house.House, identifier string) core.ID {
	receipt, err := h.Password.Forgot(h.Ctx, identifier)
	h.Must(err)
	h.Work()
	return receipt.ID
}

// written is what somebody does about a password, and the events that tell of it.
type written struct {
	act  func(h *house.House, caller core.Principal)
	want []string
}

var writtenActs = map[string]written{
	"forgetting": {func(h *house.House, _ core.Principal) { forgetFor(h, ada) }, []string{
		"password.forgot success by stranger",
	}},
	"forgetting somebody unknown": {func(h *house.House, _ core.Principal) { forgetFor(h, "nobody@example.com") }, []string{
		"password.forgot refused not_found by stranger of nobody",
	}},
	"forgetting somebody suspended": {func(h *house.House, caller core.Principal) {
		h.Alter(caller.UserID, func(user *account.User) { user.Status = account.StatusSuspended })
		forgetFor(h, ada)
	}, []string{"password.forgot refused not_found by stranger"}},
	"reset by code": {func(h *house.House, _ core.Principal) {
		id := forgetFor(h, ada)
		h.Must(h.Password.Reset(h.Ctx, credential.ResetRequest{
			VerificationID: id, Code: h.Letter(mail.KindPasswordReset, ada).Code, NewPassword: fresh,
		}))
	}, []string{
		"password.forgot success by stranger", ended + "all", "password.reset success by person proof=code",
	}},
	"reset by link": {func(h *house.House, _ core.Principal) {
		forgetFor(h, ada)
		h.Must(h.Password.Reset(h.Ctx, credential.ResetRequest{
			Token: h.Letter(mail.KindPasswordReset, ada).Token, NewPassword: fresh,
		}))
	}, []string{
		"password.forgot success by stranger", ended + "all", "password.reset success by person proof=link",
	}},
	"reset by a wrong code": {func(h *house.House, _ core.Principal) {
		id := forgetFor(h, ada)
		h.Refused(h.Password.Reset(h.Ctx, credential.ResetRequest{
			VerificationID: id, Code: house.Wrong(h.Letter(mail.KindPasswordReset, ada).Code), NewPassword: fresh,
		}), verification.ErrCode)
	}, []string{
		"password.forgot success by stranger", "password.reset failure invalid_code by stranger of nobody proof=code",
	}},
	"reset by a code of nobody's": {func(h *house.House, _ core.Principal) {
		id := forgetFor(h, "nobody@example.com")
		h.Refused(h.Password.Reset(h.Ctx, credential.ResetRequest{
			VerificationID: id, Code: "123456", NewPassword: fresh,
		}), verification.ErrCode)
	}, []string{
		"password.forgot refused not_found by stranger of nobody",
		"password.reset failure invalid_code by stranger of nobody proof=code",
	}},
	"reset by a wrong link": {func(h *house.House, _ core.Principal) {
		h.Refused(h.Password.Reset(h.Ctx, credential.ResetRequest{Token: "nonsense", NewPassword: fresh}), verification.ErrLink)
	}, []string{"password.reset failure invalid_link by stranger of nobody proof=link"}},
	"change": {func(h *house.House, caller core.Principal) {
		h.Login(ada)
		h.Must(h.Password.Change(h.Ctx, caller, house.Passphrase, fresh))
	}, []string{
		"session.sign_in success by person device=new factor=pwd", ended + "others", "password.change success by person",
	}},
	"change with a wrong password": {func(h *house.House, caller core.Principal) {
		h.Refused(h.Password.Change(h.Ctx, caller, "not "+house.Passphrase, fresh), core.Invalid())
	}, []string{"password.change failure invalid_credentials by person"}},
	"change to a bad password": {func(h *house.House, caller core.Principal) {
		h.Refused(h.Password.Change(h.Ctx, caller, house.Passphrase, "short"), core.Invalid())
	}, nil},
}

// TestPasswordsAreWrittenDown goes through what becomes of passwords, and of tries at them.
func TestPasswordsAreWrittenDown(t *testing.T) {
	t.Parallel()
	for name, c := range writtenActs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := house.Open(t)
			caller := h.Principal(h.Member(ada, "countess"))
			h.Tells(caller.UserID, func() { c.act(h, caller) }, c.want...)
		})
	}
}
