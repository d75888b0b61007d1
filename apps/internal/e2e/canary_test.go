package e2e_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// canaries are secrets that were used, by what they are.
type canaries map[string]string

// sing uses every kind of secret there is at the server, rightly and wrongly, and collects them.
func (s *site) sing(t *testing.T, n *node) canaries {
	t.Helper()
	ctx, birds := t.Context(), canaries{}
	ada := s.newPerson(t)
	birds["password"] = ada.password
	ada.signUp(n)
	sent := s.await(t, ada.email, mail.KindRegistration, 1)
	birds["registration code"], birds["registration link"] = sent.code, sent.token
	birds["first access token"], birds["first refresh token"] = ada.held().AccessToken, ada.held().RefreshToken

	wrong := "wrong " + rand.Text()
	birds["wrong password"] = wrong
	mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(n.stranger().LoginWithResponse(ctx,
		client.LoginRequest{Identifier: ada.email, Password: wrong}))
	weak := ada.registration()
	weak.Password, weak.Username = ada.email+"!", ""
	birds["refused password"] = weak.Password
	mustFail[*client.RegisterResponse](t, client.ProblemCodeInvalidInput)(n.stranger().RegisterWithResponse(ctx, weak))

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
	fresh := "fresh " + rand.Text()
	birds["new password"] = fresh
	must[*client.ResetPasswordResponse](t, 204)(n.stranger().ResetPasswordWithResponse(ctx, client.ResetWithLink(sent.token, fresh)))
	ada.password = fresh
	ada.login(n)
	must[*client.DeleteMeResponse](t, 200)(ada.at(n).DeleteMeWithResponse(ctx))
	birds["restore link"] = s.await(t, ada.email, mail.KindDeleted, 1).token
	return birds
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

// found reports whether the text holds the secret. Six digits also occur by chance within longer numbers,
// fractions and ids; standing alone they do not.
func found(text []byte, secret string) bool {
	if len(secret) != 6 {
		return bytes.Contains(text, []byte(secret))
	}
	return regexp.MustCompile(`(^|[^0-9A-Za-z._-])` + secret + `([^0-9A-Za-z._-]|$)`).Match(text)
}

// A full run leaves no secret in the log, and none that can be read in the database.
func TestSecretsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		birds := s.sing(t, n)
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
		places := s.contents(t)
		places["log"] = []byte(s.log.String())
		if !bytes.Contains(places["log"], []byte(`"route":"/v1/auth/reset-password/:token"`)) {
			t.Error("the log does not show the requests by their routes: nothing was looked at")
		}
		for what, secret := range birds {
			if secret == "" {
				t.Fatalf("no %s was used", what)
			}
			for place, text := range places {
				if found(text, secret) {
					t.Errorf("the %s stands in %s", what, place)
				}
			}
		}
	})
}

// contents is all that the database holds, as text.
func (s *site) contents(t *testing.T) map[string][]byte {
	t.Helper()
	address := s.variables["DATABASE_URL"]
	if address == "" {
		return filesBelow(t, s.variables["DATA_DIR"])
	}
	return dump(t, address)
}

// dump reads every row of every table.
func dump(t *testing.T, address string) map[string][]byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string][]byte{}
	for _, table := range tables {
		rows, err := conn.Query(ctx, "SELECT t::text FROM "+pgx.Identifier{table}.Sanitize()+" t")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		contents["table "+table] = []byte(strings.Join(lines, "\n"))
	}
	if !bytes.Contains(contents["table users"], []byte("@example.com")) {
		t.Error("the users are not in the dump: nothing was looked at")
	}
	return contents
}
