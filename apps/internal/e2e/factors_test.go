package e2e_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/lockout"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
)

// authenticator is an app as its owner holds it, with the recovery codes that came with it.
type authenticator struct {
	t      *testing.T
	id     string
	seed   []byte
	used   int64
	paper  []string
	onHand int
}

// code gives a code that was not given before. A server takes the codes of one step ahead, so that two can be had
// without waiting.
func (a *authenticator) code() string {
	a.t.Helper()
	now := mfa.StepAt(time.Now())
	a.used = max(now, a.used+1)
	if a.used > now+1 {
		a.t.Fatal("no code can be had without waiting; take a recovery code")
	}
	return mfa.CodeAt(a.seed, a.used)
}

// recoveryCode gives a recovery code that was not given before.
func (a *authenticator) recoveryCode() string {
	a.onHand++
	return a.paper[a.onHand-1]
}

// enrol makes an app a second factor of the person, whose sign-in is recent.
func (p *person) enrol(n *node) *authenticator {
	p.t.Helper()
	begun := must[*client.EnrolTOTPResponse](p.t, http.StatusOK)(
		p.at(n).EnrolTOTPWithResponse(p.t.Context(), client.EnrolTOTPRequest{Label: "Phone"})).JSON200
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(begun.Secret)
	if err != nil || !strings.Contains(begun.OtpauthURI, begun.Secret) || !strings.HasPrefix(begun.QrSvg, "<svg") {
		p.t.Fatalf("begun as %+v: %v", begun, err)
	}
	if _, err = png.Decode(bytes.NewReader(begun.QrPng)); err != nil {
		p.t.Fatal(err)
	}
	app := &authenticator{t: p.t, seed: seed}
	enrolled := must[*client.VerifyTOTPResponse](p.t, http.StatusOK)(
		p.at(n).VerifyTOTPWithResponse(p.t.Context(), client.VerifyTOTPRequest{ID: begun.ID, Code: app.code()})).JSON200
	app.id, app.paper = enrolled.Factor.ID, enrolled.RecoveryCodes
	return app
}

// asked signs in by password and wants to be asked for a second factor.
func (p *person) asked(n *node) client.Challenge {
	p.t.Helper()
	return must[*client.LoginResponse](p.t, http.StatusAccepted)(n.stranger().LoginWithResponse(p.t.Context(),
		client.LoginRequest{Identifier: p.email, Password: p.password})).JSON202.Challenge
}

// secondStep makes the second step and gives its status.
func (p *person) secondStep(n *node, challenge, code string, factor client.FactorKind) (int, error) {
	reply, err := n.stranger().VerifySecondFactorWithResponse(p.t.Context(), client.VerifySecondFactorRequest{
		ChallengeID: challenge, Factor: factor, Code: code,
	})
	if err != nil {
		return 0, err
	}
	return reply.StatusCode(), nil
}

// claims reads the claims of an access token, without checking it.
func claims(t *testing.T, token string) (read struct {
	AMR []string `json:"amr"`
	ACR string   `json:"acr"`
},
) {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err == nil {
		err = json.Unmarshal(payload, &read)
	}
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// The life of a second factor: enrolled, asked for, spared on a trusted device, and removed by a strong proof alone.
func TestSecondFactors(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		app := ada.enrol(n)
		same(t, "recovery codes", len(app.paper), mfa.RecoveryCodeCount)
		s.await(t, ada.email, mail.KindFactorAdded, 1)
		ada.trust(t, n, app)

		list := must[*client.ListFactorsResponse](t, http.StatusOK)(ada.at(n).ListFactorsWithResponse(t.Context())).JSON200
		same(t, "factors", fmt.Sprint(len(list.Items), list.Items[0].Kind, list.Items[0].Strength, list.RecoveryCodesLeft), "1totpstrong10")
		ada.proveAnew(n, client.ReauthenticateRequest{Password: ada.password})
		refusal := mustFail[*client.RemoveFactorResponse](t, client.ProblemCodeReauthenticationRequired)(
			ada.at(n).RemoveFactorWithResponse(t.Context(), app.id))
		same(t, "what would do", fmt.Sprint(refusal.Factors), "[totp recovery_code]")
		ada.proveAnew(n, client.ReauthenticateRequest{Factor: client.FactorKindRecoveryCode, Code: app.recoveryCode()})
		s.await(t, ada.email, mail.KindRecoveryCodeUsed, 1)
		same(t, "amr after a proof anew", fmt.Sprint(claims(t, ada.held().AccessToken)), "{[pwd recovery_code mfa] aal2}")
		must[*client.RemoveFactorResponse](t, http.StatusNoContent)(ada.at(n).RemoveFactorWithResponse(t.Context(), app.id))
		s.await(t, ada.email, mail.KindFactorRemoved, 1)
		ada.login(n)
	})
}

// proveAnew proves anew who the person is, and keeps the tokens.
func (p *person) proveAnew(n *node, with client.ReauthenticateRequest) {
	p.t.Helper()
	before := p.held()
	reply := must[*client.ReauthenticateResponse](p.t, http.StatusOK)(p.at(n).ReauthenticateWithResponse(p.t.Context(), with))
	p.keep(*reply.JSON200)
	if p.held().AccessToken == before.AccessToken {
		p.t.Error("a proof anew gave the same token")
	}
}

// trust signs in by the app on a client that is trusted from then on, and in again without it.
func (p *person) trust(t *testing.T, n *node, app *authenticator) {
	t.Helper()
	challenge := p.asked(n)
	same(t, "what would do", fmt.Sprint(challenge.Factors), "[totp recovery_code]")
	body := client.VerifySecondFactorRequest{
		ChallengeID: challenge.ID, Factor: client.FactorKindTotp, Code: app.code(), TrustDevice: true,
	}
	signedIn := *must[*client.VerifySecondFactorResponse](t, http.StatusOK)(
		n.stranger().VerifySecondFactorWithResponse(t.Context(), body)).JSON200
	p.keep(signedIn)
	same(t, "amr", fmt.Sprint(claims(t, signedIn.Tokens.AccessToken)), "{[pwd otp mfa] aal2}")
	again := client.VerifySecondFactorRequest{ChallengeID: p.challenged(n), Factor: body.Factor, Code: body.Code}
	mustFail[*client.VerifySecondFactorResponse](t, client.ProblemCodeInvalidCode)(
		n.stranger().VerifySecondFactorWithResponse(t.Context(), again))
	spared := must[*client.LoginResponse](t, http.StatusOK)(
		n.stranger().LoginWithResponse(t.Context(), client.LoginRequest{
			Identifier: p.email, Password: p.password, DeviceToken: signedIn.DeviceToken,
		})).JSON200
	same(t, "amr on a trusted device", fmt.Sprint(claims(t, spared.Tokens.AccessToken)), "{[pwd] aal1}")
}

// A half-finished sign-in opens nothing but its own second step: no operation takes its id for anything.
func TestChallengeOpensNothing(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		app := ada.enrol(n)
		id := ada.challenged(n)
		bearer := s.clientAt(n.address, func() string { return id })
		mustFail[*client.GetMeResponse](t, client.ProblemCodeInvalidToken)(bearer.GetMeWithResponse(t.Context()))
		mustFail[*client.EnrolTOTPResponse](t, client.ProblemCodeInvalidToken)(
			bearer.EnrolTOTPWithResponse(t.Context(), client.EnrolTOTPRequest{}))
		mustFail[*client.RefreshResponse](t, client.ProblemCodeInvalidToken)(
			n.stranger().RefreshWithResponse(t.Context(), client.RefreshRequest{RefreshToken: id}))
		code := mfa.CodeAt(app.seed, mfa.StepAt(time.Now()))
		mustFail[*client.VerifyEmailResponse](t, client.ProblemCodeInvalidCode)(
			n.stranger().VerifyEmailWithResponse(t.Context(), client.ByCode(id, code)))
		ada.proveAnew(n, client.ReauthenticateRequest{Factor: client.FactorKindRecoveryCode, Code: app.recoveryCode()})
		mustFail[*client.VerifyEmailChangeResponse](t, client.ProblemCodeInvalidCode)(
			ada.at(n).VerifyEmailChangeWithResponse(t.Context(), client.CodeProof{VerificationID: id, Code: code}))
		mustFail[*client.VerifyEmailFactorResponse](t, client.ProblemCodeInvalidCode)(
			ada.at(n).VerifyEmailFactorWithResponse(t.Context(), client.CodeProof{VerificationID: id, Code: code}))
		mustFail[*client.RemoveFactorResponse](t, client.ProblemCodeNotFound)(ada.at(n).RemoveFactorWithResponse(t.Context(), id))
		letters := len(s.letters.all(t, ada.email))
		must[*client.SendSecondFactorResponse](t, http.StatusAccepted)(n.stranger().SendSecondFactorWithResponse(
			t.Context(), client.SendSecondFactorRequest{ChallengeID: id, Factor: client.FactorKindEmail}))
		same(t, "letters for a factor that is not enrolled", len(s.letters.all(t, ada.email)), letters)
		status, err := ada.secondStep(n, id, app.code(), client.FactorKindTotp)
		same(t, "its own second step", fmt.Sprint(status, err), "200 <nil>")
	})
}

// Of twenty uses at once, of one step of an app, one recovery code, one code by email or one challenge, one succeeds.
func TestEachSecondFactorIsGoodOnce(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		nodes := []*node{s.start()}
		if s.variables["VALKEY_URL"] != "" {
			nodes = append(nodes, s.start())
		}
		ada := s.newPerson(t).signUp(nodes[0])
		ada.enrolMailbox(t, nodes[0])
		app := ada.enrol(nodes[0])
		ada.proveAnew(nodes[0], client.ReauthenticateRequest{Factor: client.FactorKindTotp, Code: app.code()})
		made := must[*client.MakeRecoveryCodesResponse](t, http.StatusOK)(ada.at(nodes[0]).MakeRecoveryCodesWithResponse(t.Context()))
		app.paper = made.JSON200.RecoveryCodes

		challenges := []string{ada.challenged(nodes[0]), ada.challenged(nodes[0]), ada.challenged(nodes[0])}
		code := app.recoveryCode()
		exactlyOne(t, "recovery code", ada.race(nodes, challenges, code, client.FactorKindRecoveryCode), 200, 400)
		one := ada.challenged(nodes[0])
		must[*client.SendSecondFactorResponse](t, http.StatusAccepted)(nodes[0].stranger().SendSecondFactorWithResponse(
			t.Context(), client.SendSecondFactorRequest{ChallengeID: one, Factor: client.FactorKindEmail}))
		mailed := s.await(t, ada.email, mail.KindSecondFactorCode, 1).code
		s.freed(t, nodes[0], ada)
		exactlyOne(t, "code by email", ada.race(nodes, []string{one}, mailed, client.FactorKindEmail), 200, 400)
		s.freed(t, nodes[0], ada)
		other := ada.newcomer(s, t, nodes[0])
		challenges = []string{other.challenged(nodes[0]), other.challenged(nodes[0])}
		exactlyOne(t, "step of an app", other.race(nodes, challenges, other.app.code(), client.FactorKindTotp), 200, 400)
	})
}

// guardedPerson is somebody with an app whose next code was not used yet.
type guardedPerson struct {
	*person
	app *authenticator
}

func (p *person) newcomer(s *site, t *testing.T, n *node) guardedPerson {
	t.Helper()
	other := s.newPerson(t).signUp(n)
	return guardedPerson{other, other.enrol(n)}
}

// race makes the second step of the challenges with one code, many at once and everywhere.
func (p *person) race(nodes []*node, challenges []string, code string, factor client.FactorKind) map[int]int {
	p.t.Helper()
	var turn atomic.Int64
	return race(p.t, func() (int, error) {
		i := int(turn.Add(1))
		return p.secondStep(nodes[i%len(nodes)], challenges[i%len(challenges)], code, factor)
	})
}

// freed lifts the lock that the losers of a race have left.
func (s *site) freed(t *testing.T, n *node, ada *person) {
	t.Helper()
	contains(t, s.ran(t, 0, "api", "accounts", "unlock", ada.email), "can sign in again")
	ada.mustBeIn(n)
}

// enrolMailbox makes the person's mailbox a second factor.
func (p *person) enrolMailbox(t *testing.T, n *node) []string {
	t.Helper()
	begun := must[*client.EnrolEmailFactorResponse](t, http.StatusAccepted)(p.at(n).EnrolEmailFactorWithResponse(t.Context()))
	code := p.site.await(t, p.email, mail.KindFactorEmail, 1).code
	enrolled := must[*client.VerifyEmailFactorResponse](t, http.StatusOK)(p.at(n).VerifyEmailFactorWithResponse(t.Context(),
		client.CodeProof{VerificationID: begun.JSON202.Verification.ID, Code: code}))
	same(t, "strength of the mailbox", enrolled.JSON200.Factor.Strength, client.FactorStrengthWeak)
	return enrolled.JSON200.RecoveryCodes
}

// Wrong codes lock the second factor for unknown clients, everywhere; its owner hears of it, and gets in by a recovery
// code.
func TestSecondFactorLocks(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		app := ada.enrol(n)
		for range lockout.DefaultTries {
			status, err := ada.secondStep(n, ada.challenged(n), "000000x", client.FactorKindTotp)
			same(t, "a wrong code", fmt.Sprint(status, err), "400 <nil>")
		}
		status, err := ada.secondStep(n, ada.challenged(n), app.code(), client.FactorKindTotp)
		same(t, "the right code", fmt.Sprint(status, err), "400 <nil>")
		s.await(t, ada.email, mail.KindSecondFactorLocked, 1)
		status, err = ada.secondStep(n, ada.challenged(n), strings.ToLower(app.recoveryCode()), client.FactorKindRecoveryCode)
		same(t, "a recovery code", fmt.Sprint(status, err), "200 <nil>")
	})
}

// Whoever must have a second factor may do nothing else once the grace is over, and everything once it is enrolled.
func TestRequiredSecondFactor(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		me := must[*client.GetMeResponse](t, http.StatusOK)(ada.at(n).GetMeWithResponse(t.Context())).JSON200
		deadline, _ := me.EnrolBy.Get()
		if time.Since(deadline) < 0 {
			t.Errorf("may enrol until %v", deadline)
		}
		mustFail[*client.ListSessionsResponse](t, client.ProblemCodeSecondFactorRequired)(
			ada.at(n).ListSessionsWithResponse(t.Context(), nil))
		app := ada.enrol(n)
		must[*client.ListSessionsResponse](t, http.StatusOK)(ada.at(n).ListSessionsWithResponse(t.Context(), nil))
		ada.proveAnew(n, client.ReauthenticateRequest{Factor: client.FactorKindRecoveryCode, Code: app.recoveryCode()})
		mustFail[*client.RemoveFactorResponse](t, client.ProblemCodeSecondFactorRequired)(
			ada.at(n).RemoveFactorWithResponse(t.Context(), app.id))
	}, "REQUIRE_SECOND_FACTOR", "all", "SECOND_FACTOR_GRACE", "0s")
}

// An operator demands a second factor of one account, and removes what its owner has lost.
func TestOperatorsOfSecondFactors(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		enrolBy := func() bool {
			me := must[*client.GetMeResponse](t, http.StatusOK)(ada.at(n).GetMeWithResponse(t.Context())).JSON200
			return !me.EnrolBy.IsNull()
		}
		contains(t, s.ran(t, 0, "api", "accounts", "require-second-factor", ada.email), "must enrol")
		eventually(t, "the demand", enrolBy)
		contains(t, s.ran(t, 0, "api", "accounts", "require-second-factor", ada.username, "--off"), "may do without")
		eventually(t, "its end", func() bool { return !enrolBy() })
		contains(t, s.ran(t, 1, "api", "accounts", "require-second-factor", "nobody"), "there is no account")
		ada.enrol(n)
		contains(t, s.ran(t, 0, "api", "accounts", "remove-second-factors", ada.email), "no second factor any more")
		eventually(t, "the end of the session", func() bool { return ada.me(n) == http.StatusUnauthorized })
		ada.login(n)
	})
}

// Where codes by email are switched off, nobody enrols them, and who has nothing else gets in by a recovery code.
func TestCodesByEmailSwitchedOff(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		codes := ada.enrolMailbox(t, n)
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
		n = s.start("EMAIL_SECOND_FACTOR", "false")
		challenge := ada.asked(n)
		if !slices.Equal(challenge.Factors, []client.FactorKind{client.FactorKindRecoveryCode}) {
			t.Errorf("what would do: %v", challenge.Factors)
		}
		status, err := ada.secondStep(n, challenge.ID, codes[0], client.FactorKindRecoveryCode)
		same(t, "a recovery code", fmt.Sprint(status, err), "200 <nil>")
		mustFail[*client.EnrolEmailFactorResponse](t, client.ProblemCodeForbidden)(
			ada.at(n).EnrolEmailFactorWithResponse(t.Context()))
	}, "APP_URL", "http://accounts.example.com") // which stays when the port changes with the restart
}
