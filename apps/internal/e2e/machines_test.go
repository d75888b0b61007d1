package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// by is the client of whoever shows the token at a server.
func (s *site) by(n *node, token string) *client.ClientWithResponses {
	return s.clientAt(n.address, func() string { return token })
}

// token makes a personal token of the person's with the scopes.
func (p *person) token(n *node, scopes ...string) *client.TokenCreated {
	p.t.Helper()
	return must[*client.CreateTokenResponse](p.t, 201)(p.at(n).CreateTokenWithResponse(p.t.Context(),
		client.CreateTokenRequest{Name: "nightly backup", Scopes: scopes})).JSON201
}

// A personal token does what its scopes say and its owner may, nothing that wants its owner, and nothing once it is
// revoked, on whichever replica.
func TestPersonalTokens(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		ada, ctx := s.newPerson(t).signUp(n), t.Context()
		owner.give(n, ada, "USER", "ADMIN")

		made := ada.token(n, "me.read", "users.read")
		contains(t, s.await(t, ada.email, mail.KindTokenCreated, 1).text, "nightly backup")
		if !strings.HasPrefix(made.Token, "dwp_") || len(made.Token) != 47 || !strings.HasSuffix(made.Token, made.PersonalToken.Hint) {
			t.Errorf("a token of %d letters, hint %q", len(made.Token), made.PersonalToken.Hint)
		}
		program := s.by(n, made.Token)
		me := must[*client.GetMeResponse](t, 200)(program.GetMeWithResponse(ctx)).JSON200
		same(t, "who it is", []any{me.User.ID, me.Session.IsNull(), me.ImpersonatedBy.IsNull()}, []any{ada.userID, true, true})
		same(t, "what it may", held(t, program), []string{"me.read", "users.read"})
		must[*client.GetUserResponse](t, 200)(program.GetUserWithResponse(ctx, ada.userID))
		mustFail[*client.UpdateMeResponse](t, client.ProblemCodeForbidden)(program.UpdateMeWithResponse(ctx, client.UpdateMeRequest{Name: "Eve"}))
		mustFail[*client.ListRolesResponse](t, client.ProblemCodeForbidden)(program.ListRolesWithResponse(ctx, nil))
		s.wantThePerson(t, s.by(n, ada.token(n, "me.read", "me.write").Token))

		// Rights that its owner loses are lost to it at once.
		owner.give(n, ada, "USER")
		mustFail[*client.GetUserResponse](t, client.ProblemCodeForbidden)(program.GetUserWithResponse(ctx, owner.userID))
		must[*client.GetMeResponse](t, 200)(program.GetMeWithResponse(ctx))

		listed := must[*client.ListTokensResponse](t, 200)(ada.at(n).ListTokensWithResponse(ctx, nil)).JSON200.Items
		same(t, "tokens", len(listed), 2)
		if listed[1].LastUsedAt.IsNull() || listed[1].ID != made.PersonalToken.ID {
			t.Errorf("the use of %s is not noted: %+v", made.PersonalToken.ID, listed)
		}
		must[*client.RevokeTokenResponse](t, 204)(ada.at(n).RevokeTokenWithResponse(ctx, made.PersonalToken.ID))
		mustFail[*client.RevokeTokenResponse](t, client.ProblemCodeNotFound)(ada.at(n).RevokeTokenWithResponse(ctx, made.PersonalToken.ID))
		mustFail[*client.GetMeResponse](t, client.ProblemCodeInvalidToken)(program.GetMeWithResponse(ctx))
	})
}

// held are the permissions that a caller is told to have.
func held(t *testing.T, caller *client.ClientWithResponses) (keys []string) {
	t.Helper()
	reply := must[*client.GetMyPermissionsResponse](t, 200)(caller.GetMyPermissionsWithResponse(t.Context()))
	for _, each := range reply.JSON200.Permissions {
		keys = append(keys, each.Key)
	}
	return keys
}

// wantThePerson holds that what wants the person themselves is closed to a caller who holds me.read and me.write.
func (s *site) wantThePerson(t *testing.T, caller *client.ClientWithResponses) {
	t.Helper()
	ctx := t.Context()
	const closed = client.ProblemCodeForbidden
	mustFail[*client.ListTokensResponse](t, closed)(caller.ListTokensWithResponse(ctx, nil))
	mustFail[*client.CreateTokenResponse](t, closed)(caller.CreateTokenWithResponse(ctx, client.CreateTokenRequest{Name: "x", Scopes: []string{"me.read"}}))
	mustFail[*client.DeleteMeResponse](t, closed)(caller.DeleteMeWithResponse(ctx))
	mustFail[*client.ListFactorsResponse](t, closed)(caller.ListFactorsWithResponse(ctx))
	mustFail[*client.EndOtherSessionsResponse](t, closed)(caller.EndOtherSessionsWithResponse(ctx))
	mustFail[*client.ForgetDevicesResponse](t, closed)(caller.ForgetDevicesWithResponse(ctx))
	mustFail[*client.ChangeEmailResponse](t, closed)(caller.ChangeEmailWithResponse(ctx, client.ChangeEmailRequest{Email: "eve@example.com"}))
	mustFail[*client.ReauthenticateResponse](t, closed)(caller.ReauthenticateWithResponse(ctx, client.ReauthenticateRequest{Password: "x"}))
	mustFail[*client.DeactivateMeResponse](t, closed)(caller.DeactivateMeWithResponse(ctx))
}

// What is asked for of a token is held to its bounds.
func TestTokensAreBounded(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	n := s.start()
	ada, ctx := s.newPerson(t).signUp(n), t.Context()
	for name, test := range map[string]struct {
		request client.CreateTokenRequest
		field   string
		code    client.FieldCode
	}{
		"an unknown scope": {client.CreateTokenRequest{Name: "x", Scopes: []string{"me.read", "me.fly"}}, "scopes.1", client.FieldCodeUnknownValue},
		"no scope":         {client.CreateTokenRequest{Name: "x", Scopes: []string{}}, "scopes", client.FieldCodeRequired},
		"no name":          {client.CreateTokenRequest{Name: " ", Scopes: []string{"me.read"}}, "name", client.FieldCodeRequired},
		"too long":         {client.CreateTokenRequest{Name: "x", Scopes: []string{"me.read"}, ExpiresIn: 366 * 24 * 3600}, "expires_in", client.FieldCodeOutOfRange},
		"in the past":      {client.CreateTokenRequest{Name: "x", Scopes: []string{"me.read"}, ExpiresAt: new(time.Now().Add(-time.Hour))}, "expires_at", client.FieldCodeOutOfRange},
	} {
		failure := mustFail[*client.CreateTokenResponse](t, client.ProblemCodeInvalidInput)(ada.at(n).CreateTokenWithResponse(ctx, test.request))
		same(t, name, []any{failure.Errors[0].Field, failure.Errors[0].Code}, []any{test.field, test.code})
	}
	mustFail[*client.CreateTokenResponse](t, client.ProblemCodeExceedsOwnRights)(ada.at(n).CreateTokenWithResponse(ctx,
		client.CreateTokenRequest{Name: "x", Scopes: []string{"users.read"}}))
	for _, forged := range []string{"dwp_", "dwp_" + strings.Repeat("A", 43), "dws_" + strings.Repeat("A", 43), ada.token(n, "me.read").Token + "A"} {
		mustFail[*client.GetMeResponse](t, client.ProblemCodeInvalidToken)(s.by(n, forged).GetMeWithResponse(ctx))
	}
}

// A token is no cookie.
func TestTokensAreNoCookies(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	n := s.start()
	token := s.newPerson(t).signUp(n).token(n, "me.read").Token
	mustFail[*client.GetMeResponse](t, client.ProblemCodeUnauthenticated)(n.stranger().GetMeWithResponse(t.Context(),
		func(_ context.Context, request *http.Request) error {
			request.AddCookie(&http.Cookie{Name: "__Host-access", Value: token})
			return nil
		}))
}

// A reset of the password, and deletion, take the tokens; suspension makes them unusable while it lasts.
func TestWhatEndsTokens(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		ada, ctx := s.newPerson(t).signUp(n), t.Context()
		token := ada.token(n, "me.read").Token
		program := s.by(n, token)
		must[*client.SuspendUserResponse](t, 200)(owner.at(n).SuspendUserWithResponse(ctx, ada.userID, client.RequiredReasonRequest{Reason: "a test"}))
		mustFail[*client.GetMeResponse](t, client.ProblemCodeSessionEnded)(program.GetMeWithResponse(ctx))
		must[*client.RestoreUserResponse](t, 200)(owner.at(n).RestoreUserWithResponse(ctx, ada.userID, client.ReasonRequest{}))
		must[*client.GetMeResponse](t, 200)(program.GetMeWithResponse(ctx))

		must[*client.ForgotPasswordResponse](t, 202)(n.stranger().ForgotPasswordWithResponse(ctx, client.ForgotPasswordRequest{Identifier: ada.email}))
		reset := s.await(t, ada.email, mail.KindPasswordReset, 1).token
		must[*client.ResetPasswordResponse](t, 204)(n.stranger().ResetPasswordWithResponse(ctx, client.ResetWithLink(reset, "quartz lantern orbit")))
		mustFail[*client.GetMeResponse](t, client.ProblemCodeInvalidToken)(program.GetMeWithResponse(ctx))
		ada.password = "quartz lantern orbit"
		ada.login(n)
		program = s.by(n, ada.token(n, "me.read").Token)
		must[*client.DeleteMeResponse](t, 200)(ada.at(n).DeleteMeWithResponse(ctx))
		mustFail[*client.GetMeResponse](t, client.ProblemCodeInvalidToken)(program.GetMeWithResponse(ctx))
	})
}

// machine makes a service account with a key.
func (p *person) machine(n *node, name string, scopes ...string) (account *client.ServiceAccount, key string) {
	p.t.Helper()
	ctx := p.t.Context()
	account = must[*client.CreateServiceAccountResponse](p.t, 201)(p.at(n).CreateServiceAccountWithResponse(ctx, nil,
		client.CreateServiceAccountRequest{Name: name, Scopes: scopes})).JSON201
	made := must[*client.CreateServiceAccountKeyResponse](p.t, 201)(p.at(n).CreateServiceAccountKeyWithResponse(ctx, account.ID, nil,
		client.CreateServiceAccountKeyRequest{}))
	return account, made.JSON201.Key
}

// A service account from its making to its end, as those do it who run a product.
func TestServiceAccounts(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		admin, ctx := s.newPerson(t).signUp(n), t.Context()
		owner.give(n, admin, "ADMIN")
		mustFail[*client.CreateServiceAccountResponse](t, client.ProblemCodeExceedsOwnRights)(admin.at(n).CreateServiceAccountWithResponse(ctx, nil,
			client.CreateServiceAccountRequest{Name: "x", Scopes: []string{"users.impersonate"}}))
		failure := mustFail[*client.CreateServiceAccountResponse](t, client.ProblemCodeInvalidInput)(owner.at(n).CreateServiceAccountWithResponse(ctx, nil,
			client.CreateServiceAccountRequest{Name: "x", Scopes: []string{"me.read"}}))
		same(t, "what is wrong", []any{failure.Errors[0].Field, failure.Errors[0].Code}, []any{"scopes.0", "not_allowed"})

		account, key := admin.machine(n, "directory", "users.read")
		mustFail[*client.CreateServiceAccountResponse](t, client.ProblemCodeNameTaken)(owner.at(n).CreateServiceAccountWithResponse(ctx, nil,
			client.CreateServiceAccountRequest{Name: "directory", Scopes: []string{}}))
		program := s.by(n, key)
		must[*client.GetUserResponse](t, 200)(program.GetUserWithResponse(ctx, admin.userID))
		mustFail[*client.GetMeResponse](t, client.ProblemCodeForbidden)(program.GetMeWithResponse(ctx))
		mustFail[*client.ListServiceAccountsResponse](t, client.ProblemCodeForbidden)(program.ListServiceAccountsWithResponse(ctx, nil))

		// One that holds more than an administrator is closed to them.
		mighty, _ := owner.machine(n, "mighty", "users.impersonate")
		mustFail[*client.CreateServiceAccountKeyResponse](t, client.ProblemCodeExceedsOwnRights)(admin.at(n).CreateServiceAccountKeyWithResponse(ctx,
			mighty.ID, nil, client.CreateServiceAccountKeyRequest{}))
		mustFail[*client.DeleteServiceAccountResponse](t, client.ProblemCodeExceedsOwnRights)(admin.at(n).DeleteServiceAccountWithResponse(ctx, mighty.ID))
		same(t, "service accounts", len(must[*client.ListServiceAccountsResponse](t, 200)(admin.at(n).ListServiceAccountsWithResponse(ctx, nil)).JSON200.Items), 2)

		s.rotates(t, n, admin, account, key)
		disabled := true
		must[*client.UpdateServiceAccountResponse](t, 200)(admin.at(n).UpdateServiceAccountWithResponse(ctx, account.ID,
			client.UpdateServiceAccountRequest{Disabled: &disabled}))
		_, second := admin.machine(n, "another", "users.read")
		mustFail[*client.GetUserResponse](t, client.ProblemCodeInvalidToken)(program.GetUserWithResponse(ctx, admin.userID))
		must[*client.GetUserResponse](t, 200)(s.by(n, second).GetUserWithResponse(ctx, admin.userID))
		must[*client.DeleteServiceAccountResponse](t, 204)(admin.at(n).DeleteServiceAccountWithResponse(ctx, account.ID))
		mustFail[*client.GetServiceAccountResponse](t, client.ProblemCodeNotFound)(admin.at(n).GetServiceAccountWithResponse(ctx, account.ID))
	})
}

// rotates puts a new key in the place of the old one; both are good meanwhile.
func (s *site) rotates(t *testing.T, n *node, admin *person, account *client.ServiceAccount, old string) {
	t.Helper()
	ctx := t.Context()
	fresh := must[*client.CreateServiceAccountKeyResponse](t, 201)(admin.at(n).CreateServiceAccountKeyWithResponse(ctx, account.ID, nil,
		client.CreateServiceAccountKeyRequest{ExpiresIn: 3600})).JSON201
	for _, key := range []string{old, fresh.Key} {
		must[*client.GetUserResponse](t, 200)(s.by(n, key).GetUserWithResponse(ctx, admin.userID))
	}
	must[*client.RevokeServiceAccountKeyResponse](t, 204)(admin.at(n).RevokeServiceAccountKeyWithResponse(ctx, account.ID, fresh.ServiceAccountKey.ID))
	mustFail[*client.GetUserResponse](t, client.ProblemCodeInvalidToken)(s.by(n, fresh.Key).GetUserWithResponse(ctx, admin.userID))
	keys := must[*client.ListServiceAccountKeysResponse](t, 200)(admin.at(n).ListServiceAccountKeysWithResponse(ctx, account.ID)).JSON200.Items
	same(t, "keys", len(keys), 1)
}

// asks introspects a token.
func asks(t *testing.T, service *client.ClientWithResponses, token string) client.Introspection {
	t.Helper()
	return *must[*client.IntrospectTokenResponse](t, 200)(service.IntrospectTokenWithFormdataBodyWithResponse(t.Context(),
		client.IntrospectRequest{Token: token, TokenTypeHint: "access_token"})).JSON200
}

// A service learns of every kind of token what it is good for at that moment, and of others nothing.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		account, key := owner.machine(n, "gateway", "tokens.introspect")
		gateway, ada, ctx := s.by(n, key), s.newPerson(t).signUp(n), t.Context()

		own := asks(t, gateway, ada.held().AccessToken)
		same(t, "an access token", []any{own.Active, own.Kind, own.Sub, own.Username, own.Scope, own.TokenType, own.Act == nil},
			[]any{true, "access_token", ada.userID, ada.username, "me.read me.write", "Bearer", true})
		if own.Exp <= own.Iat || own.Jti == "" || own.Sid == "" || own.Iss == "" || own.Aud == "" || own.ClientID == "" {
			t.Errorf("told %+v", own)
		}
		token := ada.token(n, "me.read")
		personal := asks(t, gateway, token.Token)
		same(t, "a personal token", []any{personal.Active, personal.Kind, personal.Sub, personal.Scope, personal.Jti, personal.Sid},
			[]any{true, "personal_token", ada.userID, "me.read", token.PersonalToken.ID, ""})
		machine := asks(t, gateway, key)
		same(t, "a key", []any{machine.Active, machine.Kind, machine.Sub, machine.Username, machine.Scope, machine.Exp},
			[]any{true, "service_key", account.ID, "gateway", "tokens.introspect", 0})

		must[*client.LogoutResponse](t, 204)(ada.at(n).LogoutWithResponse(ctx, client.LogoutRequest{}))
		for what, dead := range map[string]string{
			"of a session that ended": ada.held().AccessToken, "a refresh token": ada.held().RefreshToken, "nonsense": "nonsense",
			"forged": "dwp_" + strings.Repeat("A", 43), "with more": token.Token + " ",
		} {
			same(t, what, asks(t, gateway, dead), client.Introspection{})
		}
		mustFail[*client.IntrospectTokenResponse](t, client.ProblemCodeForbidden)(owner.at(n).IntrospectTokenWithFormdataBodyWithResponse(ctx, client.IntrospectRequest{Token: key}))
		mustFail[*client.IntrospectTokenResponse](t, client.ProblemCodeUnauthenticated)(n.stranger().IntrospectTokenWithFormdataBodyWithResponse(ctx, client.IntrospectRequest{Token: key}))
		mustFail[*client.IntrospectTokenResponse](t, client.ProblemCodeUnsupportedMediaType)(gateway.IntrospectTokenWithBodyWithResponse(ctx, "application/json", strings.NewReader(`{"token":"x"}`)))
		mustFail[*client.IntrospectTokenResponse](t, client.ProblemCodeInvalidInput)(gateway.IntrospectTokenWithBodyWithResponse(ctx, "application/x-www-form-urlencoded", strings.NewReader("token=a&token=b")))
	})
}
