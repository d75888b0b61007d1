package api_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/signin"
)

// annals is the audit log of a world.
type annals struct{ *world }

func (a annals) Search(ctx context.Context, query audit.Query, page core.Page) ([]audit.Event, core.Position, error) {
	full := audit.Event{
		ID: core.ID{15: 5}, At: now, Action: audit.ActionSignIn, Outcome: audit.Failure, Reason: "invalid_credentials",
		ActorKind: audit.Stranger, Subject: adaID, SessionID: homeID, RequestID: "r", IP: "203.0.113.7",
		UserAgent: "Mozilla/5.0", Device: "Firefox, Linux", Location: "Berlin, DE",
		Metadata: map[string]string{"factor": "pwd"}, KeepUntil: now.Add(time.Hour),
	}
	bare := audit.Event{
		ID: core.ID{15: 6}, At: now, Action: audit.ActionLock, Outcome: audit.Success, Subject: adaID, ActorKind: audit.System,
		KeepUntil: now.Add(time.Hour),
	}
	events, next := append([]audit.Event{full, bare}, a.others...), core.Position{At: now, ID: bare.ID}
	return events, next, a.called(ctx, "search", said(query), strconv.Itoa(page.Limit), page.After.ID.String())
}

// said writes what is set of a query.
func said(query audit.Query) string {
	words := []string{}
	for _, word := range []struct {
		name, text string
		set        bool
	}{
		{"actor", query.Actor.String(), !query.Actor.IsZero()},
		{"subject", query.Subject.String(), !query.Subject.IsZero()},
		{"action", string(query.Action), query.Action != ""},
		{"attempts", "", query.Attempts},
		{"outcome", string(query.Outcome), query.Outcome != ""},
		{"ip", query.IP, query.IP != ""},
		{"from", query.From.Format(time.RFC3339), !query.From.IsZero()},
		{"until", query.Until.Format(time.RFC3339), !query.Until.IsZero()},
	} {
		if word.set {
			words = append(words, strings.TrimSuffix(word.name+"="+word.text, "="))
		}
	}
	return strings.Join(words, " ")
}

func (a annals) Note(_ context.Context, event audit.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.denials = append(a.denials, event)
}

func TestActivity(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{})
	got := c.do("GET", "/v1/me/activity?limit=2", "", as("good")...)
	if call, want := w.said(), "search subject="+adaID.String()+" 2 "+zeroID; call != want {
		t.Errorf("called %q, want %q", call, want)
	}
	want := `{"items":[{"action":"session.sign_in","actor":"stranger","at":"2026-03-01T12:00:00Z","device":"Firefox, Linux",` +
		`"id":"00000000-0000-0000-0000-000000000005","ip":"203.0.113.7","location":"Berlin, DE","metadata":{"factor":"pwd"},` +
		`"outcome":"failure","reason":"invalid_credentials","session_id":"` + homeText + `"},` +
		`{"action":"account.lock","actor":"server","at":"2026-03-01T12:00:00Z","device":"","id":"00000000-0000-0000-0000-000000000006","ip":"",` +
		`"location":null,"metadata":{},"outcome":"success","reason":null,"session_id":null}],"next_cursor":"`
	rest, fits := strings.CutPrefix(string(got.body), want)
	if !fits {
		t.Fatalf("got  %s\nwant %s", got.body, want)
	}
	cursor, _, _ := strings.Cut(rest, `"`)
	c.do("GET", "/v1/me/activity?limit=2&cursor="+cursor, "", as("good")...)
	if call, want := w.said(), "search subject="+adaID.String()+" 2 00000000-0000-0000-0000-000000000006"; call != want {
		t.Errorf("called %q, want %q", call, want)
	}
	if got := c.do("GET", "/v1/me/activity?cursor=x", "", as("good")...); got.flaws(t) != "cursor:invalid_format" {
		t.Errorf("a made-up cursor: %d %s", got.StatusCode, got.body)
	}
}

// TestActivityOfOthers tells what a person learns of those who acted upon their account: what they are, and neither who
// nor where.
func TestActivityOfOthers(t *testing.T) {
	t.Parallel()
	event := audit.Event{
		ID: core.ID{15: 7}, At: now, Action: audit.ActionUserSuspend, Outcome: audit.Success, ActorKind: audit.Person,
		Actor: otherID, Subject: adaID, SessionID: otherID, IP: "203.0.113.9", Device: "Safari, macOS", Location: "Bonn, DE",
		Metadata: map[string]string{"note": "asked for it"},
	}
	for name, test := range map[string]struct {
		change func(*audit.Event)
		want   string
	}{
		"an administrator": {func(*audit.Event) {}, "administrator   -"},
		"of a session":     {func(e *audit.Event) { e.Action = audit.ActionEnd }, "administrator   " + otherID.String()},
		"a machine":        {func(e *audit.Event) { e.ActorKind = audit.Service }, "service   -"},
		"an operator":      {func(e *audit.Event) { e.ActorKind, e.Actor = audit.Operator, core.ID{} }, "server   -"},
		"oneself": {
			func(e *audit.Event) { e.Actor = adaID }, "self 203.0.113.9 Safari, macOS " + otherID.String(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			other := event
			test.change(&other)
			w.others = []audit.Event{other}
			var list oapi.ActivityList
			if err := json.Unmarshal(c.do("GET", "/v1/me/activity", "", as("good")...).body, &list); err != nil {
				t.Fatal(err)
			}
			got, session := list.Items[2], "-"
			if !got.SessionID.IsNull() {
				session = got.SessionID.MustGet().String()
			}
			if told := strings.Join([]string{string(got.Actor), got.IP, got.Device, session}, " "); told != test.want {
				t.Errorf("told %q, want %q", told, test.want)
			}
			if got.Location.IsNull() == (name == "oneself") || got.Metadata["note"] == "" {
				t.Errorf("told %+v", got)
			}
		})
	}
}

// TestDenialsAreWrittenDown tells what the edge writes down of those whom it keeps from an operation.
func TestDenialsAreWrittenDown(t *testing.T) {
	t.Parallel()
	person := audit.Event{Action: audit.ActionDenied, Outcome: audit.Refused, ActorKind: audit.Person, Actor: adaID, Subject: adaID, SessionID: homeID}
	page := person
	page.ActorKind, page.Actor = "", core.ID{} // whoever wrote the page
	nobody := page
	nobody.Subject, nobody.SessionID = core.ID{}, core.ID{}
	foreign := []string{"Origin", "https://evil.example"}
	for name, test := range map[string]struct {
		method, target, body string
		fields               []string
		of                   audit.Event
		operation            string
		reason               core.Code
	}{
		"a sign-in that is not recent": {"DELETE", "/v1/me", "", as("old"), person, "deleteMe", core.CodeReauthentication},
		"a page of another site": {
			"POST", "/v1/me/deactivate", "", append(foreign, "Cookie", "__Host-access=good"), page, "deactivateMe", api.CodeCSRFFailed,
		},
		"a refresh by another site": {
			"POST", "/v1/auth/refresh", `{}`, append(foreign, "Cookie", "__Secure-refresh=refresh"), nobody, "refresh", api.CodeCSRFFailed,
		},
		"a sign-in by another site": {
			"POST", "/v1/auth/login", `{"identifier":"a","password":"p"}`, append(foreign, "X-Token-Transport", "cookie"), nobody,
			"login", api.CodeCSRFFailed,
		},
		"no token":          {"DELETE", "/v1/me", "", nil, nobody, "", ""},
		"a token that died": {"DELETE", "/v1/me", "", as("expired"), nobody, "", ""},
		"a form":            {"GET", "/v1/me/activity?limit=x", "", as("good"), nobody, "", ""},
		"nothing":           {"GET", "/v1/me", "", as("good"), nobody, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, browsing)
			c.do(test.method, test.target, test.body, test.fields...)
			var want []audit.Event
			if test.operation != "" {
				test.of.Reason, test.of.Metadata = string(test.reason), map[string]string{"operation": test.operation}
				want = append(want, test.of)
			}
			if diff := cmp.Diff(want, w.denials); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What a use case refuses it writes down itself.
func TestRefusalsOfUseCasesAreTheirs(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{})
	w.err = signin.ErrSuspended
	c.do("POST", "/v1/auth/login", `{"identifier":"a","password":"p"}`)
	if len(w.denials) != 0 {
		t.Errorf("noted %v", w.denials)
	}
}
