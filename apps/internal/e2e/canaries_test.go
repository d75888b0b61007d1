package e2e_test

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
)

// canaries are secrets that were used, by what they are.
type canaries map[string]string

// sing uses every kind of secret there is at the server, rightly and wrongly, and collects them.
func (s *site) sing(t *testing.T, n *node) canaries {
	t.Helper()
	birds := canaries{}
	ada := s.newPerson(t)
	s.singLifecycle(t, n, ada, birds)
	s.singFactors(t, n, ada, birds)
	s.singLock(t, n, birds)
	s.singBrowser(t, n, birds)
	s.singForgery(t, n)
	birds["personal access token"], birds["key that nobody made"] = ada.token(n, "me.read").Token, "dws_"+strings.Repeat("Q", 43)
	must[*client.GetMeResponse](t, 200)(s.by(n, birds["personal access token"]).GetMeWithResponse(t.Context()))
	for _, wrong := range []string{birds["personal access token"] + "A", birds["key that nobody made"]} {
		mustFail[*client.GetMeResponse](t, client.ProblemCodeInvalidToken)(s.by(n, wrong).GetMeWithResponse(t.Context()))
	}
	must[*client.DeleteMeResponse](t, 200)(ada.at(n).DeleteMeWithResponse(t.Context()))
	birds["restore link"] = s.await(t, ada.email, mail.KindDeleted, 1).token
	return birds
}

// singLifecycle registers, errs, refreshes and resets.
func (s *site) singLifecycle(t *testing.T, n *node, ada *person, birds canaries) {
	t.Helper()
	ctx := t.Context()
	birds["password"] = ada.password
	ada.signUp(n)
	sent := s.await(t, ada.email, mail.KindRegistration, 1)
	birds["registration code"], birds["registration link"] = sent.code, sent.token
	birds["first access token"], birds["first refresh token"] = ada.held().AccessToken, ada.held().RefreshToken

	birds["wrong password"] = "wrong " + rand.Text()
	mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(n.stranger().LoginWithResponse(ctx,
		client.LoginRequest{Identifier: ada.email, Password: birds["wrong password"]}))
	weak := ada.registration()
	weak.Password, weak.Username = ada.email+"!", ""
	birds["refused password"] = weak.Password
	mustFail[*client.RegisterResponse](t, client.ProblemCodeInvalidInput)(n.stranger().RegisterWithResponse(ctx, weak))
	s.singSlips(t, n, birds)

	ada.refresh(n)
	birds["second access token"], birds["second refresh token"] = ada.held().AccessToken, ada.held().RefreshToken
	forged := ada.held().RefreshToken[:len(ada.held().RefreshToken)-12] + "AAAAAAAAAAAA"
	birds["forged refresh token"] = forged
	mustFail[*client.RefreshResponse](t, client.ProblemCodeInvalidToken)(n.stranger().RefreshWithResponse(ctx, client.RefreshRequest{RefreshToken: forged}))

	must[*client.ForgotPasswordResponse](t, 202)(n.stranger().ForgotPasswordWithResponse(ctx, client.ForgotPasswordRequest{Identifier: ada.email}))
	sent = s.await(t, ada.email, mail.KindPasswordReset, 1)
	birds["reset code"], birds["reset link"] = sent.code, sent.token
	must[*client.CheckPasswordResetResponse](t, 204)(n.stranger().CheckPasswordResetWithResponse(ctx, sent.token))
	s.open(t, n.address+"/reset-password?token="+sent.token)
	birds["new password"] = "fresh " + rand.Text()
	must[*client.ResetPasswordResponse](t, 204)(n.stranger().ResetPasswordWithResponse(ctx, client.ResetWithLink(sent.token, birds["new password"])))
	ada.password = birds["new password"]
	birds["device token"] = ada.login(n).DeviceToken
}

// singSlips types passwords where names belong.
func (s *site) singSlips(t *testing.T, n *node, birds canaries) {
	t.Helper()
	ctx := t.Context()
	slip := func(where string) string {
		birds["password typed as the name "+where] = "slip" + strings.ToLower(rand.Text()[:20])
		return birds["password typed as the name "+where]
	}
	mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(n.stranger().LoginWithResponse(ctx,
		client.LoginRequest{Identifier: slip("to sign in"), Password: "x"}))
	must[*client.ForgotPasswordResponse](t, 202)(n.stranger().ForgotPasswordWithResponse(ctx,
		client.ForgotPasswordRequest{Identifier: slip("to reset")}))
	must[*client.ForgotPasswordResponse](t, 202)(n.stranger().ForgotPasswordWithResponse(ctx,
		client.ForgotPasswordRequest{Identifier: slip("of a mailbox") + "@example.com"}))
	must[*client.ResendVerificationResponse](t, 202)(n.stranger().ResendVerificationWithResponse(ctx, client.ResendTo(slip("to resend"))))
	name := slip("to look for")
	must[*client.CheckAvailabilityResponse](t, 200)(n.stranger().CheckAvailabilityWithResponse(ctx, &client.CheckAvailabilityParams{Username: &name}))
}

// singFactors enrols, asks for and uses second factors.
func (s *site) singFactors(t *testing.T, n *node, ada *person, birds canaries) {
	t.Helper()
	ctx := t.Context()
	app := ada.enrol(n)
	birds["seed"], birds["first code of the app"] = mfa.EncodeSeed(app.seed), mfa.CodeAt(app.seed, app.used)
	for i, code := range app.paper {
		birds[fmt.Sprint("recovery code ", i)] = code
	}
	birds["second code of the app"], birds["wrong code"] = app.code(), "000000"
	challenge := ada.challenged(n)
	mustFail[*client.VerifySecondFactorResponse](t, client.ProblemCodeInvalidCode)(n.stranger().VerifySecondFactorWithResponse(ctx,
		client.VerifySecondFactorRequest{ChallengeID: challenge, Factor: client.FactorKindTotp, Code: birds["wrong code"]}))
	entered := must[*client.VerifySecondFactorResponse](t, 200)(n.stranger().VerifySecondFactorWithResponse(ctx,
		client.VerifySecondFactorRequest{ChallengeID: challenge, Factor: client.FactorKindTotp, Code: birds["second code of the app"], TrustDevice: true})).JSON200
	birds["token of a trusted device"] = entered.DeviceToken
	entered = must[*client.VerifySecondFactorResponse](t, 200)(n.stranger().VerifySecondFactorWithResponse(ctx,
		client.VerifySecondFactorRequest{ChallengeID: ada.challenged(n), Factor: client.FactorKindRecoveryCode, Code: app.recoveryCode()})).JSON200
	ada.keep(*entered)
	s.singEmailFactor(t, n, birds)
}

// singEmailFactor signs somebody in by a code that is sent.
func (s *site) singEmailFactor(t *testing.T, n *node, birds canaries) {
	t.Helper()
	ctx, eve := t.Context(), s.newPerson(t).signUp(n)
	started := must[*client.EnrolEmailFactorResponse](t, 202)(eve.at(n).EnrolEmailFactorWithResponse(ctx)).JSON202
	birds["code that proves a mailbox"] = s.await(t, eve.email, mail.KindFactorEmail, 1).code
	must[*client.VerifyEmailFactorResponse](t, 200)(eve.at(n).VerifyEmailFactorWithResponse(ctx,
		client.CodeProof{VerificationID: started.Verification.ID, Code: birds["code that proves a mailbox"]}))
	challenge := eve.challenged(n)
	must[*client.SendSecondFactorResponse](t, 202)(n.stranger().SendSecondFactorWithResponse(ctx,
		client.SendSecondFactorRequest{ChallengeID: challenge, Factor: client.FactorKindEmail}))
	birds["code that was sent"] = s.await(t, eve.email, mail.KindSecondFactorCode, 1).code
	must[*client.VerifySecondFactorResponse](t, 200)(n.stranger().VerifySecondFactorWithResponse(ctx,
		client.VerifySecondFactorRequest{ChallengeID: challenge, Factor: client.FactorKindEmail, Code: birds["code that was sent"]}))
}

// challenged signs in by password and gives the id of the challenge that is the answer.
func (p *person) challenged(n *node) string { return p.asked(n).ID }

// singLock fails until an account is locked, and uses the link of the mail about it.
func (s *site) singLock(t *testing.T, n *node, birds canaries) {
	t.Helper()
	mallory := s.newPerson(t).signUp(n)
	for i := range 5 {
		guess := fmt.Sprint("guess ", i, " ", rand.Text())
		birds[fmt.Sprint("guess ", i)] = guess
		mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(n.stranger().LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: mallory.email, Password: guess}))
	}
	birds["unlock link"] = s.await(t, mallory.email, mail.KindAccountLocked, 1).token
	unlocked := must[*client.UnlockResponse](t, 200)(n.stranger().UnlockWithResponse(t.Context(), client.LinkRequest{Token: birds["unlock link"]})).JSON200
	birds["device token of the unlock link"] = unlocked.DeviceToken
}

// singBrowser signs in with cookies.
func (s *site) singBrowser(t *testing.T, n *node, birds canaries) {
	t.Helper()
	grace, page := s.newPerson(t).signUp(n), s.newBrowser()
	must[*client.LoginResponse](t, 200)(page.at(t, n).LoginWithResponse(t.Context(),
		client.LoginRequest{Identifier: grace.email, Password: grace.password}))
	must[*client.RefreshResponse](t, 200)(page.at(t, n).RefreshWithResponse(t.Context(), client.RefreshRequest{}))
	for name, value := range page.cookies {
		birds["cookie "+name] = value
	}
}

// singForgery sends what would write lines of its own, or paint a terminal, if it were written as it came.
func (s *site) singForgery(t *testing.T, n *node) {
	t.Helper()
	for _, agent := range []string{"Firefox/130.0 \x1b[31mred", "Firefox/130.0 \u2028{\"level\":\"error\"}", "Firefox/130.0\tx\xff"} {
		for _, identifier := range []string{"ghost", `a\r\n{\"level\":\"info\"}\u001b[31m`} {
			body := `{"identifier":"` + identifier + `","password":"x"}`
			s.sendRaw(t, n, fmt.Sprintf("POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"+
				"Content-Type: application/json\r\nUser-Agent: %s\r\nX-Request-Id: \"},{\"\r\nContent-Length: %d\r\n\r\n%s",
				agent, len(body), body))
		}
	}
}

// sendRaw sends the bytes of a request, which no client would write, and waits for the answer.
func (s *site) sendRaw(t *testing.T, n *node, request string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = reply.Body.Close()
}

// open opens a page as a browser does.
func (s *site) open(t *testing.T, address string) {
	t.Helper()
	response, err := s.http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	same(t, "status of the page", response.StatusCode, http.StatusOK)
}
