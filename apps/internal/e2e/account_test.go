package e2e_test

import (
	"net/http"
	"testing"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// The whole life: register, prove by code, read oneself, sign in by both identifiers, refresh, list and end
// sessions, sign out.
func TestLifeOfAnAccount(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		me := must[*client.GetMeResponse](t, 200)(ada.at(n).GetMeWithResponse(t.Context())).JSON200
		same(t, "email", me.User.Email, ada.email)
		same(t, "verified", me.User.EmailVerified, true)
		same(t, "username", me.User.Username.MustGet(), ada.username)

		second := ada.another(n)
		byName := must[*client.LoginResponse](t, 200)(n.stranger().LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: ada.username, Password: ada.password})).JSON200
		list := must[*client.ListSessionsResponse](t, 200)(ada.at(n).ListSessionsWithResponse(t.Context(), nil)).JSON200
		same(t, "sessions", len(list.Items), 3)

		must[*client.EndSessionResponse](t, 204)(ada.at(n).EndSessionWithResponse(t.Context(), byName.Session.ID))
		mustFail[*client.EndSessionResponse](t, client.ProblemCodeNotFound)(ada.at(n).EndSessionWithResponse(t.Context(), byName.Session.ID))
		second.mustBeIn(n)
		must[*client.EndOtherSessionsResponse](t, 204)(ada.at(n).EndOtherSessionsWithResponse(t.Context()))
		second.mustBeOut(n)

		before := ada.held()
		after := ada.refresh(n)
		same(t, "session after refresh", after.Session.ID, me.Session.MustGet().ID)
		if after.Tokens.RefreshToken == before.RefreshToken {
			t.Error("the first refresh token came back")
		}
		must[*client.LogoutResponse](t, 204)(ada.at(n).LogoutWithResponse(t.Context(), client.LogoutRequest{}))
		ada.mustBeOut(n)
		mustFail[*client.RefreshResponse](t, client.ProblemCodeSessionEnded)(n.stranger().RefreshWithResponse(t.Context(),
			client.RefreshRequest{RefreshToken: ada.held().RefreshToken}))
	})
}

// The link proves and signs nobody in; the account then signs in by password.
func TestVerifyByLink(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t)
		ada.register(n)
		mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(n.stranger().LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: ada.email, Password: ada.password}))
		token := s.await(t, ada.email, mail.KindRegistration, 1).token
		reply := must[*client.VerifyEmailResponse](t, 200)(n.stranger().VerifyEmailWithResponse(t.Context(), client.ByLink(token)))
		verified, err := reply.JSON200.AsEmailVerified()
		if err != nil || !bool(verified.Verified) {
			t.Fatalf("answered %s, %v", reply.Body, err)
		}
		mustFail[*client.VerifyEmailResponse](t, client.ProblemCodeInvalidLink)(n.stranger().VerifyEmailWithResponse(t.Context(), client.ByLink(token)))
		ada.login(n)
		ada.mustBeIn(n)
	})
}

// Without verification registration signs in at once, and a taken address is told.
func TestRegisterWithoutVerification(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t)
		reply := must[*client.RegisterResponse](t, http.StatusCreated)(n.stranger().RegisterWithResponse(t.Context(), ada.registration()))
		ada.keep(*reply.JSON201)
		ada.mustBeIn(n)
		again := ada.registration()
		again.Username = ""
		mustFail[*client.RegisterResponse](t, client.ProblemCodeEmailTaken)(n.stranger().RegisterWithResponse(t.Context(), again))
	}, "REQUIRE_EMAIL_VERIFICATION", "false", "ENUMERATION_PROTECTION", "false")
}

func TestProfile(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada, other := s.newPerson(t).signUp(n), s.newPerson(t).signUp(n)
		change := client.UpdateMeRequest{}
		change.Name = "Augusta Ada"
		change.Bio.Set("Notes on the engine")
		updated := must[*client.UpdateMeResponse](t, 200)(ada.at(n).UpdateMeWithResponse(t.Context(), change)).JSON200
		same(t, "name", updated.User.Name, "Augusta Ada")
		same(t, "bio", updated.User.Bio.MustGet(), "Notes on the engine")
		cleared := client.UpdateMeRequest{}
		cleared.Bio.SetNull()
		updated = must[*client.UpdateMeResponse](t, 200)(ada.at(n).UpdateMeWithResponse(t.Context(), cleared)).JSON200
		same(t, "bio is null", updated.User.Bio.IsNull(), true)
		same(t, "name stays", updated.User.Name, "Augusta Ada")
		taken := client.UpdateMeRequest{}
		taken.Username.Set(other.username)
		mustFail[*client.UpdateMeResponse](t, client.ProblemCodeUsernameTaken)(ada.at(n).UpdateMeWithResponse(t.Context(), taken))
	})
}

// moveTo changes the address and gives the token by which the old one can take it back.
func (p *person) moveTo(n *node, fresh string) (undo string) {
	p.t.Helper()
	ctx, old := p.t.Context(), p.email
	started := must[*client.ChangeEmailResponse](p.t, 202)(p.at(n).ChangeEmailWithResponse(ctx, client.ChangeEmailRequest{Email: fresh})).JSON202
	code := p.site.await(p.t, fresh, mail.KindEmailChange, 1).code
	changed := must[*client.VerifyEmailChangeResponse](p.t, 200)(p.at(n).VerifyEmailChangeWithResponse(ctx,
		client.CodeProof{VerificationID: started.Verification.ID, Code: code})).JSON200
	same(p.t, "email", changed.User.Email, fresh)
	p.email = fresh
	return p.site.await(p.t, old, mail.KindEmailChanged, 1).token
}

func takeBack(t *testing.T, n *node, undo string) {
	t.Helper()
	must[*client.UndoEmailChangeResponse](t, 204)(n.stranger().UndoEmailChangeWithResponse(t.Context(), client.LinkRequest{Token: undo}))
}

// A change of address counts once the new one is proven; the old one is told and can take it back.
func TestEmailChangeAndUndo(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		old, fresh := ada.email, s.newPerson(t).email
		undo := ada.moveTo(n, fresh)
		ada.another(n)
		takeBack(t, n, undo)
		ada.mustBeOut(n)
		mustFail[*client.UndoEmailChangeResponse](t, client.ProblemCodeInvalidLink)(n.stranger().UndoEmailChangeWithResponse(t.Context(), client.LinkRequest{Token: undo}))
		mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(n.stranger().LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: fresh, Password: ada.password}))
		// Who undoes a change may have lost the password to somebody: it has to be set anew.
		mustFail[*client.LoginResponse](t, client.ProblemCodePasswordResetRequired)(n.stranger().LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: old, Password: ada.password}))
		ada.email = old
		ada.reset(n, "another "+ada.password)
		ada.login(n)
	})
}

// A deleted account is gone at once and can be brought back within its grace.
func TestDeleteAndRestore(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		must[*client.DeleteMeResponse](t, 200)(ada.at(n).DeleteMeWithResponse(t.Context()))
		ada.mustBeOut(n)
		mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(n.stranger().LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: ada.email, Password: ada.password}))
		token := s.await(t, ada.email, mail.KindDeleted, 1).token
		must[*client.RestoreAccountResponse](t, 204)(n.stranger().RestoreAccountWithResponse(t.Context(), client.LinkRequest{Token: token}))
		mustFail[*client.RestoreAccountResponse](t, client.ProblemCodeInvalidLink)(n.stranger().RestoreAccountWithResponse(t.Context(), client.LinkRequest{Token: token}))
		ada.login(n)
		ada.mustBeIn(n)
	})
}

// A deactivated account is closed until its owner signs in again.
func TestDeactivate(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		must[*client.DeactivateMeResponse](t, 204)(ada.at(n).DeactivateMeWithResponse(t.Context()))
		ada.mustBeOut(n)
		same(t, "status", ada.login(n).User.Status, client.UserStatusActive)
		ada.mustBeIn(n)
	})
}
