package e2e_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// reset sets a new password by the link of a mail that is asked for.
func (p *person) reset(n *node, fresh string) {
	p.t.Helper()
	earlier := len(slices.DeleteFunc(p.site.letters.all(p.t, p.email), func(l letter) bool { return l.subject != subjects[mail.KindPasswordReset] }))
	must[*client.ForgotPasswordResponse](p.t, 202)(n.stranger().ForgotPasswordWithResponse(p.t.Context(), client.ForgotPasswordRequest{Identifier: p.email}))
	token := p.site.await(p.t, p.email, mail.KindPasswordReset, earlier+1).token
	must[*client.ResetPasswordResponse](p.t, 204)(n.stranger().ResetPasswordWithResponse(p.t.Context(), client.ResetWithLink(token, fresh)))
	p.password = fresh
}

// A reset ends all sessions, signs nobody in, is told by mail, and its link and code are good once.
func TestResetPassword(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		started := must[*client.ForgotPasswordResponse](t, 202)(n.stranger().ForgotPasswordWithResponse(t.Context(),
			client.ForgotPasswordRequest{Identifier: ada.username})).JSON202
		sent := s.await(t, ada.email, mail.KindPasswordReset, 1)
		for range 2 { // looking uses nothing up
			must[*client.CheckPasswordResetResponse](t, 204)(n.stranger().CheckPasswordResetWithResponse(t.Context(), sent.token))
		}
		old := ada.password
		byCode := client.ResetWithCode(started.Verification.ID, sent.code, "a wholly new phrase")
		must[*client.ResetPasswordResponse](t, 204)(n.stranger().ResetPasswordWithResponse(t.Context(), byCode))
		ada.mustBeOut(n)
		mustFail[*client.ResetPasswordResponse](t, client.ProblemCodeInvalidCode)(n.stranger().ResetPasswordWithResponse(t.Context(), byCode))
		mustFail[*client.ResetPasswordResponse](t, client.ProblemCodeInvalidLink)(n.stranger().ResetPasswordWithResponse(t.Context(),
			client.ResetWithLink(sent.token, "yet another phrase")))
		mustFail[*client.CheckPasswordResetResponse](t, client.ProblemCodeInvalidLink)(n.stranger().CheckPasswordResetWithResponse(t.Context(), sent.token))
		s.await(t, ada.email, mail.KindPasswordChanged, 1)
		mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(n.stranger().LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: ada.email, Password: old}))
		ada.password = "a wholly new phrase"
		ada.login(n)
	})
}

// A change needs the current password, spares this session and ends the others.
func TestChangePassword(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		other := ada.another(n)
		wrong := client.ChangePasswordRequest{CurrentPassword: "not it at all", NewPassword: "a wholly new phrase"}
		failure := mustFail[*client.ChangePasswordResponse](t, client.ProblemCodeInvalidInput)(ada.at(n).ChangePasswordWithResponse(t.Context(), wrong))
		same(t, "field", failure.Errors[0].Field, "current_password")
		must[*client.ChangePasswordResponse](t, 204)(ada.at(n).ChangePasswordWithResponse(t.Context(),
			client.ChangePasswordRequest{CurrentPassword: ada.password, NewPassword: "a wholly new phrase"}))
		ada.mustBeIn(n)
		other.mustBeOut(n)
		s.await(t, ada.email, mail.KindPasswordChanged, 1)
	})
}

// What could take the account over wants a recent proof of identity, and the password is one.
func TestRecentSignIn(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		var stale *client.Error
		eventually(t, "the sign-in is not recent any more", func() bool {
			reply, err := ada.at(n).ChangeEmailWithResponse(t.Context(), client.ChangeEmailRequest{Email: s.newPerson(t).email})
			if err != nil {
				t.Fatal(err)
			}
			return errors.As(client.Failure(reply), &stale)
		})
		same(t, "code", stale.Code, client.ProblemCodeReauthenticationRequired)
		same(t, "factors", stale.Factors, []string{"password"})
		mustFail[*client.ReauthenticateResponse](t, client.ProblemCodeInvalidCredentials)(ada.at(n).ReauthenticateWithResponse(t.Context(),
			client.ReauthenticateRequest{Password: "not it at all"}))
		before := must[*client.GetMeResponse](t, 200)(ada.at(n).GetMeWithResponse(t.Context())).JSON200.Session.MustGet()
		proven := must[*client.ReauthenticateResponse](t, 200)(ada.at(n).ReauthenticateWithResponse(t.Context(),
			client.ReauthenticateRequest{Password: ada.password})).JSON200
		same(t, "session", proven.Session.ID, before.ID)
		if !proven.Session.AuthTime.After(before.AuthTime) {
			t.Errorf("signed in at %v, proven again at %v", before.AuthTime, proven.Session.AuthTime)
		}
		ada.keep(*proven)
		must[*client.DeleteMeResponse](t, 200)(ada.at(n).DeleteMeWithResponse(t.Context()))
	}, "REAUTHENTICATION_TTL", (3 * time.Second).String())
}
