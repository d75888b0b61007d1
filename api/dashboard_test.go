package api_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/dashboard"
)

// board are the figures of a world.
type board struct{ *world }

var counted = []dashboard.Count{{Value: "AT", Users: 2}, {Users: 1}}

var split = dashboard.Breakdown{Items: counted, Other: 4, Total: 7, AsOf: now}

func (b board) Overview(ctx context.Context) (dashboard.Overview, error) {
	return dashboard.Overview{
		Users: 7, Statuses: counted, SecondFactor: 3, Opened: dashboard.Lately{Day: 1, Week: 2, Month: 3},
		SignIns: dashboard.Lately{Day: 4, Week: 5, Month: 6}, AsOf: now,
	}, b.called(ctx, "overview")
}

func (b board) Breakdown(ctx context.Context, metric dashboard.Metric) (dashboard.Breakdown, error) {
	return split, b.called(ctx, "break down", string(metric))
}

func (b board) AuthTypes(ctx context.Context) (dashboard.AuthTypes, error) {
	return dashboard.AuthTypes{
		Password: 6, None: 1, SecondFactor: 3, Kinds: []dashboard.Count{{Value: "totp", Users: 3}}, AsOf: now,
	}, b.called(ctx, "auth types")
}

func (b board) Growth(ctx context.Context, span dashboard.Span) (dashboard.Growth, error) {
	return dashboard.Growth{Interval: dashboard.Weekly, Timezone: "Europe/Berlin", AsOf: now, Buckets: []dashboard.Grown{{
		Date: dashboard.Date{Year: 2026, Month: 2, Day: 23}, Begins: now, Ends: now.Add(time.Hour), Opened: 1, Total: 7,
	}}}, b.called(ctx, "growth", string(span.Interval), span.Timezone, text(span.From), text(span.To))
}

func text(date dashboard.Date) string {
	return fmt.Sprintf("%d-%d-%d", date.Year, date.Month, date.Day)
}

func (b board) Roles(ctx context.Context) (dashboard.Roles, error) {
	return dashboard.Roles{Roles: []dashboard.Holders{{ID: homeID, Name: "ADMIN", Users: 2}}, AsOf: now}, b.called(ctx, "roles")
}

var someSignIns = dashboard.RecentSignIns{AsOf: now, Items: []dashboard.SignIn{{
	Session: homeID, User: adaID, Name: "Ada", Kind: "desktop", Browser: "Firefox", OS: "Linux", IP: "203.0.113.7",
	Place: "Berlin, DE", At: now,
}}}

func (b board) RecentSignIns(ctx context.Context, limit int) (dashboard.RecentSignIns, error) {
	return someSignIns, b.called(ctx, "recent", fmt.Sprint(limit))
}

func (b board) All(ctx context.Context) (dashboard.All, error) {
	return dashboard.All{
		Status: split, Growth: dashboard.Growth{Interval: dashboard.Daily, Timezone: "UTC", AsOf: now}, SignIns: someSignIns, AsOf: now,
	}, b.called(ctx, "all")
}

const exactly = `"as_of":"2026-03-01T12:00:00Z","exact":true`

var boardReaches = []reach{
	{
		"overview", "GET", "/v1/dashboard/overview", "", "good", 200, "overview",
		`{` + exactly + `,"opened":{"day":1,"month":3,"week":2},"second_factor":3,"sign_ins":{"day":4,"month":6,"week":5},` +
			`"statuses":[{"users":2,"value":"AT"},{"users":1,"value":null}],"users":7}`,
	},
	{
		"by status", "GET", "/v1/dashboard/users-by-status", "", "good", 200, "break down status",
		`{` + exactly + `,"items":[{"users":2,"value":"AT"},{"users":1,"value":null}],"other":4,"total":7}`,
	},
	{"by type", "GET", "/v1/dashboard/users-by-type", "", "good", 200, "break down source", `"total":7`},
	{"by country", "GET", "/v1/dashboard/users-by-country", "", "good", 200, "break down country", `"total":7`},
	{"by language", "GET", "/v1/dashboard/users-by-language", "", "good", 200, "break down language", `"total":7`},
	{
		"by auth type", "GET", "/v1/dashboard/users-by-auth-type", "", "good", 200, "auth types",
		`{` + exactly + `,"none":1,"password":6,"second_factor":3,"second_factors":[{"users":3,"value":"totp"}]}`,
	},
	{
		"growth by default", "GET", "/v1/dashboard/user-growth", "", "good", 200, "growth   0-0-0 0-0-0",
		`"interval":"week"`,
	},
	{
		"growth", "GET", "/v1/dashboard/user-growth?interval=week&timezone=Europe/Berlin&from=2026-02-23&to=2026-03-01", "", "good",
		200, "growth week Europe/Berlin 2026-2-23 2026-3-1",
		`{` + exactly + `,"interval":"week","items":[{"begins_at":"2026-03-01T12:00:00Z","date":"2026-02-23",` +
			`"ends_at":"2026-03-01T13:00:00Z","opened":1,"total":7}],"timezone":"Europe/Berlin"}`,
	},
	{
		"role statistics", "GET", "/v1/dashboard/role-statistics", "", "good", 200, "roles",
		`{` + exactly + `,"groups":[],"roles":[{"id":"` + homeText + `","name":"ADMIN","users":2}]}`,
	},
	{
		"recent sign-ins", "GET", "/v1/dashboard/recent-sign-ins", "", "good", 200, "recent 0",
		`"items":[{"at":"2026-03-01T12:00:00Z","browser":"Firefox","device":"desktop","ip":"203.0.113.7","location":"Berlin, DE","name":"Ada",`,
	},
	{
		"many recent sign-ins", "GET", "/v1/dashboard/recent-sign-ins?limit=100", "", "good", 200, "recent 100",
		`"session_id":"` + homeText + `","user_id":"`,
	},
	{"all", "GET", "/v1/dashboard/all", "", "good", 200, "all", `"users_by_type":{`},
}

// TestDashboardsReachTheirUseCase calls every dashboard for somebody who may see it.
func TestDashboardsReachTheirUseCase(t *testing.T) {
	t.Parallel()
	for _, test := range boardReaches {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			w.holds = []access.Bit{access.DashboardRead, access.SessionsRead}
			got := c.do(test.method, test.path, test.body, as(test.token)...)
			if got.StatusCode != test.status || !strings.Contains(string(got.body), test.holds) {
				t.Errorf("%d %s; want %d with %s", got.StatusCode, got.body, test.status, test.holds)
			}
			if call := w.said(); call != test.call {
				t.Errorf("reached %q, want %q", call, test.call)
			}
		})
	}
}

// Whose the newest sign-ins were, and from where, is for those who may read sessions, by either operation.
func TestSignInsAreNobodysWithoutSessions(t *testing.T) {
	t.Parallel()
	const nobodys = `"items":[{"at":"2026-03-01T12:00:00Z","browser":"Firefox","device":"desktop","ip":null,"location":null,` +
		`"name":null,"os":"Linux","session_id":null,"user_id":null}]`
	for _, path := range []string{"/v1/dashboard/recent-sign-ins", "/v1/dashboard/all"} {
		c, w := open(t, api.Options{})
		w.holds = []access.Bit{access.DashboardRead}
		if got := string(c.do("GET", path, "", as("good")...).body); !strings.Contains(got, nobodys) {
			t.Errorf("%s without sessions.read: %s", path, got)
		}
		w.holds = append(w.holds, access.SessionsRead)
		if got := string(c.do("GET", path, "", as("good")...).body); !strings.Contains(got, `"session_id":"`+homeText+`"`) {
			t.Errorf("%s with sessions.read: %s", path, got)
		}
	}
}

func TestDashboardsThatAreAskedWrongly(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{})
	w.holds = []access.Bit{access.DashboardRead}
	for query, want := range map[string]string{
		"user-growth?interval=year":     "interval:not_allowed",
		"user-growth?from=yesterday":    "from:invalid_format",
		"user-growth?to=2026-02-30":     "to:invalid_format",
		"user-growth?timezone=":         "timezone:too_short",
		"recent-sign-ins?limit=0":       "limit:out_of_range",
		"recent-sign-ins?limit=101":     "limit:out_of_range",
		"recent-sign-ins?limit=many":    "limit:invalid_format",
		"users-by-status?status=active": "status:unknown_field",
	} {
		if got := c.do("GET", "/v1/dashboard/"+query, "", as("good")...).flaws(t); got != want {
			t.Errorf("%s is answered %q, want %q", query, got, want)
		}
	}
	if call := w.said(); call != "" {
		t.Errorf("reached %q", call)
	}
}
