package signin_test

import (
	"testing"

	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/signin"
	"github.com/doorward/doorward/core/verification"
)

// Every try to get in is written down with its factor and how it ended (OWASP ASVS 5.0 16.3.1), and never with what was
// typed.
func TestSignInsAreWrittenDown(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	member := h.Member(ada, "countess")
	user := member.User.ID
	h.Tells(user, func() { h.Login(ada) }, "session.sign_in success by person device=new factor=pwd")
	h.Tells(user, func() { h.Refused(enter(h.Ctx, h, ada, wrong, ""), signin.ErrInvalidCredentials) },
		"session.sign_in failure wrong_password by stranger device=new factor=pwd")
	h.Tells(user, func() { h.Refused(enter(h.Ctx, h, "nobody", wrong, ""), signin.ErrInvalidCredentials) },
		"session.sign_in failure unknown by stranger of nobody device=new factor=pwd")
	h.Tells(user, func() {
		h.Alter(user, func(user *account.User) { user.Status = account.StatusSuspended })
		h.Refused(enter(h.Ctx, h, ada, house.Passphrase, ""), signin.ErrSuspended)
		h.Alter(user, func(user *account.User) { user.Status = account.StatusActive })
	}, "session.sign_in refused account_suspended by stranger device=new factor=pwd")
	app := h.Enrol(h.Principal(member))
	h.Tells(user, func() {
		challenge := h.Challenged(ada, "")
		_, err := h.Finish(challenge, mfa.KindTOTP, "000000")
		h.Refused(err, verification.ErrCode)
		_, err = h.Finish(challenge, mfa.KindTOTP, app.Code())
		h.Must(err)
	},
		"session.sign_in refused second_factor_required by stranger device=new factor=pwd",
		"session.second_factor failure wrong_code by stranger device=new factor=otp",
		"session.sign_in success by person device=new factor=pwd otp mfa",
		"session.second_factor success by person factor=otp")
}
