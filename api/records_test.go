package api_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
)

func (a annals) Find(ctx context.Context, id core.ID) (audit.Event, error) {
	return audit.Event{
		ID: id, At: now, Action: audit.ActionImpersonate, Outcome: audit.Success, ActorKind: audit.Person, Actor: otherID,
		Subject: adaID, SessionID: homeID, RequestID: "r", IP: "203.0.113.7", UserAgent: "Mozilla/5.0",
		Device: "Firefox, Linux", Location: "Berlin, DE", Metadata: map[string]string{"reason": "ticket"}, KeepUntil: now,
	}, a.called(ctx, "find", id.String())
}

func (a annals) Post(ctx context.Context, caller core.Principal, posting audit.Posting) (audit.Event, error) {
	event := audit.Event{
		ID: core.ID{15: 7}, At: now, Action: posting.Action, Outcome: audit.Success, Subject: posting.Subject,
		Metadata: posting.Metadata, KeepUntil: now,
	}.By(caller)
	return event, a.called(ctx, "post", string(posting.Action), posting.Subject.String(), string(posting.Outcome),
		posting.Reason, fmt.Sprint(posting.Metadata))
}

// sorting is the post office of a world.
type sorting struct{ *world }

func (s sorting) Browse(ctx context.Context, query mail.LedgerQuery, page core.Page) ([]mail.Envelope, core.Position, error) {
	failed := mail.Envelope{
		ID: core.ID{15: 4}, Kind: mail.KindPasswordReset, To: "a***@example.com", State: mail.StateFailed, Attempts: 3,
		LastError: "550 no such user", CreatedAt: now, NextAt: now.Add(time.Hour),
	}
	waiting, sent := failed, failed
	waiting.State, waiting.LastError = mail.StateQueued, ""
	sent.State, sent.SentAt = mail.StateSent, now.Add(time.Minute)
	return []mail.Envelope{failed, waiting, sent}, core.Position{At: now, ID: failed.ID},
		s.called(ctx, "outbox", string(query.State), string(query.Kind), strconv.Itoa(page.Limit), page.After.ID.String())
}

func (s sorting) Retry(ctx context.Context, _ core.Principal, id core.ID) (mail.Envelope, error) {
	return mail.Envelope{
		ID: id, Kind: mail.KindDeleted, To: "a***@example.com", State: mail.StateQueued, CreatedAt: now, NextAt: now,
	}, s.called(ctx, "retry", id.String())
}

// administers are the permissions of those who read and write records.
var administers = []access.Bit{access.AuditRead, access.AuditWrite, access.MailRead, access.MailRetry}

// TestRecordsReachTheirUseCase calls each operation of audit and operations with all that it takes.
func TestRecordsReachTheirUseCase(t *testing.T) {
	t.Parallel()
	const everything = "outcome=failure&ip=203.0.113.7&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00%2B01:00&limit=2"
	const selected = "outcome=failure ip=203.0.113.7 from=2026-01-01T00:00:00Z until=2026-02-01T00:00:00+01:00 2 "
	for name, test := range map[string]reach{
		"all events": {
			method: "GET", path: "/v1/audit-logs", status: 200, call: "search  0 " + zeroID,
			holds: `{"items":[{"action":"session.sign_in","actor":null,"actor_kind":"stranger","at":"2026-03-01T12:00:00Z",` +
				`"device":"Firefox, Linux","id":"00000000-0000-0000-0000-000000000005","ip":"203.0.113.7",` +
				`"keep_until":"2026-03-01T13:00:00Z","location":"Berlin, DE","metadata":{"factor":"pwd"},"outcome":"failure",` +
				`"reason":"invalid_credentials","request_id":"r","session_id":"` + homeText + `","subject":"` + adaID.String() +
				`","user_agent":"Mozilla/5.0"},{"action":"account.lock","actor":null,"actor_kind":"system",`,
		},
		"selected events": {
			method: "GET", path: "/v1/audit-logs?actor=" + someID + "&subject=" + homeText + "&action=session.*&" + everything, status: 200,
			call: "search actor=" + someID + " subject=" + homeText + " action=session.* " + selected + zeroID, holds: `"next_cursor":"`,
		},
		"an event": {
			method: "GET", path: "/v1/audit-logs/" + someID, status: 200, call: "find " + someID,
			holds: `"actor":"` + otherID.String() + `","actor_kind":"person"`,
		},
		"an event of an application": {
			method: "POST", path: "/v1/audit-logs", status: 201,
			body: `{"action":"app.order.paid","subject":"` + someID + `","outcome":"refused","reason":"limit","metadata":{"k":"v"}}`,
			call: "post app.order.paid " + someID + " refused limit map[k:v]", holds: `"actor":"` + adaID.String() + `"`,
		},
		"a short event of an application": {
			method: "POST", path: "/v1/audit-logs", status: 201, body: `{"action":"app.x"}`,
			call: "post app.x " + zeroID + "   map[]", holds: `"metadata":{},"outcome":"success"`,
		},
		"attempts": {
			method: "GET", path: "/v1/login-attempts?subject=" + someID + "&" + everything, status: 200,
			call: "search subject=" + someID + " attempts " + selected + zeroID, holds: `"next_cursor":"`,
		},
		"selected attempts": {
			method: "GET", path: "/v1/login-attempts?actor=" + someID + "&action=session.sign_in", status: 200,
			call: "search actor=" + someID + " action=session.sign_in attempts 0 " + zeroID,
		},
		"activity": {
			method: "GET", path: "/v1/me/activity?action=session.sign_in&outcome=failure&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z",
			status: 200, holds: `"actor":"stranger"`,
			call: "search subject=" + adaID.String() + " action=session.sign_in outcome=failure from=2026-01-01T00:00:00Z until=2026-02-01T00:00:00Z 0 " + zeroID,
		},
		"messages": {
			method: "GET", path: "/v1/mail/outbox?state=failed&kind=password_reset&limit=2", status: 200,
			call: "outbox failed password_reset 2 " + zeroID,
			holds: `{"items":[{"channel":"email","created_at":"2026-03-01T12:00:00Z","id":"00000000-0000-0000-0000-000000000004",` +
				`"kind":"password_reset","last_error":"550 no such user","next_try_at":null,"recipient":"a***@example.com",` +
				`"sent_at":null,"state":"failed","tries":3},`,
		},
		"waiting messages": {
			method: "GET", path: "/v1/mail/outbox?state=pending", status: 200, call: "outbox queued  0 " + zeroID,
			holds: `"last_error":null,"next_try_at":"2026-03-01T13:00:00Z","recipient":"a***@example.com","sent_at":null,"state":"pending"`,
		},
		"sent messages": {
			method: "GET", path: "/v1/mail/outbox?state=sent", status: 200, call: "outbox sent  0 " + zeroID,
			holds: `"next_try_at":null,"recipient":"a***@example.com","sent_at":"2026-03-01T12:01:00Z","state":"sent"`,
		},
		"all messages": {method: "GET", path: "/v1/mail/outbox", status: 200, call: "outbox   0 " + zeroID, holds: `"next_cursor":"`},
		"a retry": {
			method: "POST", path: "/v1/mail/outbox/" + someID + "/retry", status: 200, call: "retry " + someID, holds: `"state":"pending"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			w.holds = administers
			got := c.do(test.method, test.path, test.body, as("good")...)
			if got.StatusCode != test.status || !strings.Contains(string(got.body), test.holds) {
				t.Errorf("%d %s; want %d with %s", got.StatusCode, got.body, test.status, test.holds)
			}
			if call := w.said(); call != test.call {
				t.Errorf("reached %q, want %q", call, test.call)
			}
		})
	}
}

// TestRecordsThatAreRefused holds each refusal against its status.
func TestRecordsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method, path, body string
		err                error
		status             int
		code               core.Code
		flaws              string
	}{
		"no event":              {"GET", "/v1/audit-logs/" + someID, "", core.ErrNotFound, 404, core.CodeNotFound, ""},
		"no id":                 {"GET", "/v1/audit-logs/x", "", nil, 400, core.CodeInvalidInput, "id:invalid_format"},
		"no outcome":            {"GET", "/v1/audit-logs?outcome=x", "", nil, 400, core.CodeInvalidInput, "outcome:not_allowed"},
		"no time":               {"GET", "/v1/login-attempts?from=x", "", nil, 400, core.CodeInvalidInput, ""},
		"no cursor":             {"GET", "/v1/login-attempts?cursor=x", "", nil, 400, core.CodeInvalidInput, "cursor:invalid_format"},
		"an action of ours":     {"POST", "/v1/audit-logs", `{"action":"user.create"}`, nil, 400, core.CodeInvalidInput, "action:invalid_format"},
		"an actor":              {"POST", "/v1/audit-logs", `{"action":"app.x","actor":"` + someID + `"}`, nil, 400, core.CodeInvalidInput, "actor:unknown_field"},
		"no state":              {"GET", "/v1/mail/outbox?state=queued", "", nil, 400, core.CodeInvalidInput, "state:not_allowed"},
		"no place of a list":    {"GET", "/v1/mail/outbox?cursor=x", "", nil, 400, core.CodeInvalidInput, "cursor:invalid_format"},
		"no message":            {"POST", "/v1/mail/outbox/" + someID + "/retry", "", core.ErrNotFound, 404, core.CodeNotFound, ""},
		"a message on its way":  {"POST", "/v1/mail/outbox/" + someID + "/retry", "", mail.ErrNotFailed, 409, core.CodeMailNotFailed, ""},
		"a message of the past": {"POST", "/v1/mail/outbox/" + someID + "/retry", "", mail.ErrPast, 409, core.CodeMailExpired, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			w.holds, w.err = administers, test.err
			got := c.do(test.method, test.path, test.body, as("good")...)
			problem := got.problem(t)
			if got.StatusCode != test.status || core.Code(problem.Code) != test.code || test.flaws != "" && got.flaws(t) != test.flaws {
				t.Errorf("%d %s", got.StatusCode, got.body)
			}
			if call := w.said(); (call != "") != (test.err != nil) {
				t.Errorf("reached %q", call)
			}
		})
	}
}
