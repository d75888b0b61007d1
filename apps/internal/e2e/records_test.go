package e2e_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/oapi-codegen/nullable"

	"github.com/doorward/doorward/adapters/smtp/smtptest"
	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// events gives the whole of a list of the audit log, newest first, in pages.
func (p *person) events(n *node, params client.ListAuditLogsParams) (items []client.AuditEvent) {
	p.t.Helper()
	limit := 3
	params.Limit = &limit
	for {
		reply := must[*client.ListAuditLogsResponse](p.t, 200)(p.at(n).ListAuditLogsWithResponse(p.t.Context(), &params))
		items = append(items, reply.JSON200.Items...)
		next, err := reply.JSON200.NextCursor.Get()
		if err != nil {
			return items
		}
		params.Cursor = &next
	}
}

// summed writes events as "action outcome reason".
func summed(items []client.AuditEvent) (lines []string) {
	for _, item := range items {
		line := item.Action + " " + string(item.Outcome)
		if reason, err := item.Reason.Get(); err == nil {
			line += " " + reason
		}
		lines = append(lines, line)
	}
	return lines
}

// A sign-in that fails, one that succeeds, and what an administrator does, as those read it who look into it.
func TestTheAuditLog(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		admin, ada, ctx := s.newPerson(t).signUp(n), s.newPerson(t).signUp(n), t.Context()
		owner.give(n, admin, "ADMIN")
		mustFail[*client.LoginResponse](t, client.ProblemCodeInvalidCredentials)(
			n.stranger().LoginWithResponse(ctx, client.LoginRequest{Identifier: ada.email, Password: "no " + ada.password}))
		ada.another(n)
		owner.give(n, ada, "USER", "ADMIN")
		owner.give(n, ada, "USER")

		of := &ada.userID
		same(t, "what happened to ada", summed(admin.events(n, client.ListAuditLogsParams{Subject: of})), []string{
			"user.set_roles success", "user.set_roles success", "session.sign_in success",
			"session.sign_in failure wrong_password", "session.sign_in success", "account.open success",
		})
		family, action, failure := "user.*", "user.set_roles", client.AuditOutcomeFailure
		same(t, "a family", summed(admin.events(n, client.ListAuditLogsParams{Subject: of, Action: &family})), []string{
			"user.set_roles success", "user.set_roles success",
		})
		acts := admin.events(n, client.ListAuditLogsParams{Actor: &owner.userID, Action: &action})
		same(t, "acts of the owner", len(acts), 3)
		one := must[*client.GetAuditLogResponse](t, 200)(admin.at(n).GetAuditLogWithResponse(ctx, acts[0].ID)).JSON200
		same(t, "one event", one, &acts[0])
		same(t, "its people", []string{one.Actor.MustGet(), one.Subject.MustGet()}, []string{owner.userID, ada.userID})
		mustFail[*client.GetAuditLogResponse](t, client.ProblemCodeNotFound)(admin.at(n).GetAuditLogWithResponse(ctx, ada.userID))

		tries := must[*client.ListLoginAttemptsResponse](t, 200)(admin.at(n).ListLoginAttemptsWithResponse(ctx,
			&client.ListLoginAttemptsParams{Subject: of})).JSON200.Items
		same(t, "tries", summed(tries), []string{
			"session.sign_in success", "session.sign_in failure wrong_password", "session.sign_in success",
		})
		address := tries[1].IP.MustGet()
		failed := must[*client.ListLoginAttemptsResponse](t, 200)(admin.at(n).ListLoginAttemptsWithResponse(ctx,
			&client.ListLoginAttemptsParams{IP: &address, Outcome: &failure, From: &tries[1].At, To: &tries[0].At})).JSON200.Items
		same(t, "tries of the address that failed meanwhile", failed, tries[1:2])

		mustFail[*client.ListAuditLogsResponse](t, client.ProblemCodeForbidden)(ada.at(n).ListAuditLogsWithResponse(ctx, nil))
		mustFail[*client.ListLoginAttemptsResponse](t, client.ProblemCodeForbidden)(ada.at(n).ListLoginAttemptsWithResponse(ctx, nil))
		elsewhere := "not an address"
		mustFail[*client.ListAuditLogsResponse](t, client.ProblemCodeInvalidInput)(admin.at(n).ListAuditLogsWithResponse(ctx,
			&client.ListAuditLogsParams{IP: &elsewhere}))
	})
}

// What an application reports stands in the log under its own name, and in the activity of whom it was done to.
func TestEventsOfApplications(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		ada, ctx := s.newPerson(t).signUp(n), t.Context()
		account, key := owner.machine(n, "shop", "audit.write")
		shop := s.by(n, key)
		metadata := map[string]string{"order": "4711"}
		posted := must[*client.PostAuditLogResponse](t, 201)(shop.PostAuditLogWithResponse(ctx, nil,
			client.PostAuditLogRequest{Action: "app.order.paid", Subject: ada.userID, Metadata: metadata})).JSON201
		same(t, "its actor", []any{posted.Actor.MustGet(), posted.ActorKind}, []any{account.ID, client.AuditEventActorKindService})
		mustFail[*client.PostAuditLogResponse](t, client.ProblemCodeInvalidInput)(shop.PostAuditLogWithResponse(ctx, nil,
			client.PostAuditLogRequest{Action: "user.create"}))
		mustFail[*client.PostAuditLogResponse](t, client.ProblemCodeForbidden)(ada.at(n).PostAuditLogWithResponse(ctx, nil,
			client.PostAuditLogRequest{Action: "app.x"}))
		mustFail[*client.ListAuditLogsResponse](t, client.ProblemCodeForbidden)(shop.ListAuditLogsWithResponse(ctx, nil))
		same(t, "what the log keeps", owner.events(n, client.ListAuditLogsParams{Actor: &account.ID, Subject: &ada.userID}), []client.AuditEvent{*posted})

		owner.give(n, ada, "USER", "ADMIN")
		family := "app.*"
		mine := must[*client.ListActivityResponse](t, 200)(ada.at(n).ListActivityWithResponse(ctx,
			&client.ListActivityParams{Action: &family})).JSON200.Items
		same(t, "ada's own", []any{len(mine), mine[0].Actor, mine[0].Metadata}, []any{1, client.ActivityActorService, metadata})
		act := must[*client.ListActivityResponse](t, 200)(ada.at(n).ListActivityWithResponse(ctx, nil)).JSON200.Items[0]
		same(t, "of an administrator", []any{act.Action, act.Actor, act.IP, act.Device, act.SessionID.IsNull()},
			[]any{"user.set_roles", client.ActivityActorAdministrator, "", "", true})
	})
}

// Messages are seen by those who look after their delivery, never what they say.
func TestTheOutbox(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		ada, ctx := s.newPerson(t).signUp(n), t.Context()
		said := s.await(t, ada.email, mail.KindRegistration, 1)
		kind, sent, failed := string(mail.KindRegistration), client.OutboxStateSent, client.OutboxStateFailed
		var reply *client.ListOutboxResponse
		eventually(t, "a message that is sent", func() bool {
			reply = must[*client.ListOutboxResponse](t, 200)(owner.at(n).ListOutboxWithResponse(ctx,
				&client.ListOutboxParams{Kind: &kind, State: &sent}))
			return len(reply.JSON200.Items) == 1
		})
		message := reply.JSON200.Items[0]
		same(t, "the message", []any{message.Kind, message.Recipient, message.Tries, message.NextTryAt.IsNull()},
			[]any{kind, ada.email[:1] + "***@example.com", 1, true})
		for _, secret := range []string{ada.email, said.code, said.token} {
			if _, found := find(reply.Body, secret); found {
				t.Errorf("the outbox tells %s", secret)
			}
		}
		none := must[*client.ListOutboxResponse](t, 200)(owner.at(n).ListOutboxWithResponse(ctx, &client.ListOutboxParams{State: &failed}))
		same(t, "failed messages", len(none.JSON200.Items), 0)
		mustFail[*client.RetryOutboxMessageResponse](t, client.ProblemCodeMailNotFailed)(owner.at(n).RetryOutboxMessageWithResponse(ctx, message.ID))
		mustFail[*client.RetryOutboxMessageResponse](t, client.ProblemCodeNotFound)(owner.at(n).RetryOutboxMessageWithResponse(ctx, ada.userID))
		mustFail[*client.ListOutboxResponse](t, client.ProblemCodeForbidden)(ada.at(n).ListOutboxWithResponse(ctx, nil))
		mustFail[*client.RetryOutboxMessageResponse](t, client.ProblemCodeForbidden)(ada.at(n).RetryOutboxMessageWithResponse(ctx, message.ID))
		action, refused := "mail.retry", client.AuditOutcomeRefused
		same(t, "what is written down", summed(owner.events(n, client.ListAuditLogsParams{Action: &action, Outcome: &refused})), []string{
			"mail.retry refused not_found", "mail.retry refused mail_not_failed",
		})
	})
}

// A message that was given up arrives when it is tried again, once, however often that is asked for at once.
func TestAFailedMessageIsSentAgain(t *testing.T) {
	t.Parallel()
	s := distributed(t)
	owner := s.crown(t)
	nodes := []*node{s.start(), s.start()}
	n, ctx := nodes[0], t.Context()
	owner.login(n)
	ada, post := s.newPerson(t).signUp(n), s.letters.(*smtpLetters).server
	post.Refuse(smtptest.AtRecipient, smtptest.Reply{Code: 550, Text: "no such user"})
	must[*client.UpdateMeResponse](t, http.StatusOK)(ada.at(n).UpdateMeWithResponse(ctx,
		client.UpdateMeRequest{Username: nullable.NewNullableWithValue("countess")}))
	failed := client.OutboxStateFailed
	var listed []client.OutboxMessage
	eventually(t, "a message that failed", func() bool {
		listed = must[*client.ListOutboxResponse](t, 200)(owner.at(n).ListOutboxWithResponse(ctx, &client.ListOutboxParams{State: &failed})).JSON200.Items
		return len(listed) == 1
	})
	same(t, "why", listed[0].LastError.MustGet(), `smtp: recipient: 550 "no such user"`)
	post.Accept()
	statuses := together(t, 8, func(i int) (int, error) {
		reply, err := owner.at(nodes[i%2]).RetryOutboxMessageWithResponse(ctx, listed[0].ID)
		return reply.StatusCode(), err
	})
	slices.Sort(statuses)
	same(t, "answers", statuses, append([]int{http.StatusOK}, slices.Repeat([]int{http.StatusConflict}, 7)...))
	s.await(t, ada.email, mail.KindUsernameChanged, 1)
	action, success := "mail.retry", client.AuditOutcomeSuccess
	same(t, "retries written down", len(owner.events(n, client.ListAuditLogsParams{Action: &action, Outcome: &success})), 1)
}
