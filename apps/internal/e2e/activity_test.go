package e2e_test

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/adapters/postgres/postgrestest"
	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/retention"
)

// history gives the person's whole history, oldest first, in pages.
func (p *person) history(n *node) (items []client.Activity) {
	p.t.Helper()
	limit := 7
	params := &client.ListActivityParams{Limit: &limit}
	for {
		reply := must[*client.ListActivityResponse](p.t, http.StatusOK)(p.at(n).ListActivityWithResponse(p.t.Context(), params))
		for _, item := range reply.JSON200.Items {
			items = append([]client.Activity{item}, items...)
		}
		next, err := reply.JSON200.NextCursor.Get()
		if err != nil {
			return items
		}
		params.Cursor = &next
	}
}

// lines writes the history as "action outcome reason".
func lines(items []client.Activity) (told []string) {
	for _, item := range items {
		line := item.Action + " " + string(item.Outcome)
		if reason, err := item.Reason.Get(); err == nil {
			line += " " + reason
		}
		told = append(told, line)
	}
	return told
}

func (p *person) confirm(n *node, password string) (*client.ReauthenticateResponse, error) {
	return p.at(n).ReauthenticateWithResponse(p.t.Context(), client.ReauthenticateRequest{Password: password})
}

// robbed has the session's refresh token stolen and used too late.
func (p *person) robbed(n *node) {
	p.t.Helper()
	stolen := p.held().RefreshToken
	p.refresh(n)
	p.refresh(n)
	mustFail[*client.RefreshResponse](p.t, client.ProblemCodeRefreshTokenReused)(
		n.stranger().RefreshWithResponse(p.t.Context(), client.RefreshRequest{RefreshToken: stolen}))
}

// moves changes the address, by a code that is mistyped first.
func (p *person) moves(n *node, email string) {
	p.t.Helper()
	ctx := p.t.Context()
	asked := must[*client.ChangeEmailResponse](p.t, http.StatusAccepted)(
		p.at(n).ChangeEmailWithResponse(ctx, client.ChangeEmailRequest{Email: email}))
	code, id := p.site.await(p.t, email, mail.KindEmailChange, 1).code, asked.JSON202.Verification.ID
	mustFail[*client.VerifyEmailChangeResponse](p.t, client.ProblemCodeInvalidCode)(p.at(n).VerifyEmailChangeWithResponse(
		ctx, client.CodeProof{VerificationID: id, Code: wrong(code)}))
	must[*client.VerifyEmailChangeResponse](p.t, http.StatusOK)(p.at(n).VerifyEmailChangeWithResponse(
		ctx, client.CodeProof{VerificationID: id, Code: code}))
	p.email = email
}

func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// resets sets a new password by the mailbox, by a code that is mistyped first.
func (p *person) resets(n *node, password string) {
	p.t.Helper()
	ctx := p.t.Context()
	must[*client.ForgotPasswordResponse](p.t, http.StatusAccepted)(
		n.stranger().ForgotPasswordWithResponse(ctx, client.ForgotPasswordRequest{Identifier: p.email}))
	token := p.site.await(p.t, p.email, mail.KindPasswordReset, 1).token
	must[*client.ResetPasswordResponse](p.t, http.StatusNoContent)(
		n.stranger().ResetPasswordWithResponse(ctx, client.ResetWithLink(token, password)))
	p.password = password
}

// TestTheActivityTellsALife goes through the life of an account and finds in its own history what was done, and what
// was tried.
func TestTheActivityTellsALife(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n, ctx := s.start(), t.Context()
		ada := s.newPerson(t).signUp(n)
		live(ada, n)
		ada.moves(n, "moved-"+ada.email)
		ada.resets(n, "another "+ada.password)
		ada.login(n)
		must[*client.DeactivateMeResponse](t, http.StatusNoContent)(ada.at(n).DeactivateMeWithResponse(ctx))
		ada.login(n)
		must[*client.DeleteMeResponse](t, http.StatusOK)(ada.at(n).DeleteMeWithResponse(ctx))
		token := s.await(t, ada.email, mail.KindDeleted, 1).token
		must[*client.RestoreAccountResponse](t, http.StatusNoContent)(
			n.stranger().RestoreAccountWithResponse(ctx, client.RestoreAccountJSONRequestBody{Token: token}))
		ada.login(n)

		history := ada.history(n)
		if diff := cmp.Diff(life, lines(history)); diff != "" {
			t.Errorf("the history (-want +got):\n%s", diff)
		}
		for i, item := range history {
			known := item.IP == "127.0.0.1" || item.Actor == client.ActivityActorServer && item.IP == ""
			if !known || item.ID == "" || i > 0 && item.At.Before(history[i-1].At) {
				t.Errorf("item %d: %+v", i, item)
			}
		}
		bob := s.newPerson(t).signUp(n)
		same(t, "somebody else's history", lines(bob.history(n)), life[:2])
	}, "REFRESH_GRACE", "0s")
}

// live does what needs no mail.
func live(ada *person, n *node) {
	t, ctx := ada.t, ada.t.Context()
	mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(
		n.stranger().LoginWithResponse(ctx, client.LoginRequest{Identifier: ada.email, Password: "no " + ada.password}))
	ada.another(n).robbed(n)
	must[*client.UpdateMeResponse](t, http.StatusOK)(ada.at(n).UpdateMeWithResponse(ctx, client.UpdateMeRequest{Name: "Ada King"}))
	mustFail[*client.ReauthenticateResponse](t, client.ProblemCodeInvalidCredentials)(ada.confirm(n, "no "+ada.password))
	must[*client.ReauthenticateResponse](t, http.StatusOK)(ada.confirm(n, ada.password))
	gone, ended := ada.another(n), ada.another(n)
	must[*client.LogoutResponse](t, http.StatusNoContent)(gone.at(n).LogoutWithResponse(ctx, client.LogoutRequest{}))
	must[*client.EndSessionResponse](t, http.StatusNoContent)(ada.at(n).EndSessionWithResponse(ctx, ended.sessionID(n)))
	mustFail[*client.ChangePasswordResponse](t, client.ProblemCodeInvalidInput)(ada.at(n).ChangePasswordWithResponse(
		ctx, client.ChangePasswordRequest{CurrentPassword: "no " + ada.password, NewPassword: "new " + ada.password}))
	must[*client.ChangePasswordResponse](t, http.StatusNoContent)(ada.at(n).ChangePasswordWithResponse(
		ctx, client.ChangePasswordRequest{CurrentPassword: ada.password, NewPassword: "new " + ada.password}))
	ada.password = "new " + ada.password
}

func (p *person) sessionID(n *node) string {
	p.t.Helper()
	return must[*client.GetMeResponse](p.t, http.StatusOK)(p.at(n).GetMeWithResponse(p.t.Context())).JSON200.Session.MustGet().ID
}

// life is the history of it.
var life = []string{
	"account.open success", "session.sign_in success",
	"session.sign_in failure wrong_password",
	"session.sign_in success", "session.theft refused refresh_token_reused",
	"account.update success",
	"session.reauthenticate failure wrong_password", "session.reauthenticate success",
	"session.sign_in success", "session.sign_in success",
	"session.sign_out success signed_out", "session.end success revoked",
	"password.change failure invalid_credentials", "password.change success",
	"email.request_change success", "email.change failure invalid_code", "email.change success",
	"password.forgot success", "session.end success password_changed", "password.reset success",
	"session.sign_in success", "session.end success account_deactivated", "account.deactivate success",
	"session.sign_in success", "session.end success account_deleted", "account.delete success",
	"account.restore success", "session.sign_in success",
}

// What the edge refuses stands in the history too.
func TestTheActivityTellsOfDenials(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		mustFail[*client.DeleteMeResponse](t, client.ProblemCodeReauthenticationRequired)(ada.at(n).DeleteMeWithResponse(t.Context()))
		history := ada.history(n)
		last := history[len(history)-1]
		same(t, "the last event", lines(history[len(history)-1:]), []string{"access.denied refused reauthentication_required"})
		same(t, "its operation", last.Metadata["operation"], "deleteMe")
		same(t, "its session", last.SessionID.MustGet(), ada.sessionID(n))
	}, "REAUTHENTICATION_TTL", "1ns")
}

// Of somebody who has been purged the log knows no more than an id: no name, no address, no identifier, and nothing
// that they typed, right or wrong. The rest of the log stays as it is.
func TestThePurgedAreNobodyInTheLog(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		live(ada, n)
		id, err := core.ParseID(ada.userID)
		if err != nil {
			t.Fatal(err)
		}
		before := s.annals(t)
		s.expire(t, id)
		same(t, "accounts purged", s.clean(t).Counts[retention.KindAccounts], 1)
		after := s.annals(t)
		same(t, "the log after the purge", after == before, true)
		if !strings.Contains(strings.ToLower(after), strings.ReplaceAll(ada.userID, "-", "")) {
			t.Errorf("the log knows nothing of %s", ada.userID)
		}
		for _, word := range []string{ada.email, ada.username, "Ada", "King", "Lovelace", ada.password, "@"} {
			if strings.Contains(after, word) {
				t.Errorf("the log still says %q", word)
			}
		}
	}, "REFRESH_GRACE", "0s")
}

// expire makes an account one that is to be purged now.
func (s *site) expire(t *testing.T, id core.ID) {
	t.Helper()
	var users account.Store
	if address := s.variables["DATABASE_URL"]; address != "" {
		users = postgrestest.OpenURL(t, address).Accounts()
	} else {
		users = sqlitetest.OpenFile(t, s.file()).Accounts()
	}
	_, _, err := account.Edit(t.Context(), users, id, func(user *account.User) error {
		user.Status, user.DeletedAt, user.PurgeAt = account.StatusDeleted, time.Now(), time.Now().Add(-time.Hour)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) file() string { return filepath.Join(s.variables["DATA_DIR"], "doorward.db") }

// annals is every row of the audit log as text, identifiers in hex.
func (s *site) annals(t *testing.T) string {
	t.Helper()
	if address := s.variables["DATABASE_URL"]; address != "" {
		return strings.ReplaceAll(string(dump(t, address)["table audit_log"]), "-", "")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	file, err := sql.Open("sqlite", s.file())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var text string
	err = file.QueryRowContext(ctx, `SELECT group_concat(concat_ws(' ', hex(id), action, outcome, reason, actor_kind,
		hex(actor), hex(subject), hex(session_id), request_id, ip, user_agent, device, location, metadata), char(10))
		FROM audit_log`).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
