package e2e_test

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// dashboards are all of them at once.
func (p *person) dashboards(n *node) client.Dashboards {
	p.t.Helper()
	return *must[*client.GetDashboardsResponse](p.t, 200)(p.at(n).GetDashboardsWithResponse(p.t.Context())).JSON200
}

// by gives how many there are of a value; "" is the value of accounts that say nothing.
func by(counts []client.FigureCount, value string) int64 {
	for _, count := range counts {
		if text, err := count.Value.Get(); err == nil && text == value || count.Value.IsNull() && value == "" {
			return count.Users
		}
	}
	return 0
}

// from makes a request come from an address.
func from(address string) client.RequestEditorFn {
	return func(_ context.Context, request *http.Request) error {
		request.Header.Set("X-Forwarded-For", address)
		return nil
	}
}

// Accounts are counted by what they are from the moment on at which they are it.
func TestDashboards(t *testing.T) {
	t.Parallel()
	places, err := filepath.Abs("../../../adapters/geoip/testdata/GeoLite2-City-Test.mmdb")
	if err != nil {
		t.Fatal(err)
	}
	eachWay(t, func(t *testing.T, s *site) {
		owner := s.crown(t)
		n := s.start()
		owner.login(n)
		before := owner.dashboards(n)
		ada := s.newPerson(t)
		id := must[*client.RegisterResponse](t, 202)(
			n.stranger().RegisterWithResponse(t.Context(), ada.registration(), from("192.0.2.1"))).JSON202.Verification.ID
		code := s.await(t, ada.email, mail.KindRegistration, 1).code
		proven := must[*client.VerifyEmailResponse](t, 200)(
			n.stranger().VerifyEmailWithResponse(t.Context(), client.ByCode(id, code), from("2.125.160.216"))).JSON200
		signedIn, err := proven.AsSignedIn()
		if err != nil {
			t.Fatal(err)
		}
		ada.keep(signedIn)
		ada.choose(n, func(to *client.UpdateSettingsRequest) { to.Language.Set("de-AT") })
		ada.enrol(n)
		owner.give(n, ada, "USER", "ADMIN")

		after := owner.dashboards(n)
		for what, grown := range map[string]int64{
			"users":         after.Overview.Users - before.Overview.Users,
			"active":        by(after.Overview.Statuses, "active") - by(before.Overview.Statuses, "active"),
			"registered":    by(after.UsersByType.Items, "registered") - by(before.UsersByType.Items, "registered"),
			"passwords":     after.UsersByAuthType.Password - before.UsersByAuthType.Password,
			"second factor": after.UsersByAuthType.SecondFactor - before.UsersByAuthType.SecondFactor,
			"totp":          by(after.UsersByAuthType.SecondFactors, "totp") - by(before.UsersByAuthType.SecondFactors, "totp"),
			"GB":            by(after.UsersByCountry.Items, "GB") - by(before.UsersByCountry.Items, "GB"),
			"de":            by(after.UsersByLanguage.Items, "de") - by(before.UsersByLanguage.Items, "de"),
			"opened":        after.Overview.Opened.Day - before.Overview.Opened.Day,
			"sign-ins":      after.Overview.SignIns.Month - before.Overview.SignIns.Month,
			"ADMIN":         after.RoleStatistics.Roles[0].Users - before.RoleStatistics.Roles[0].Users,
			"today":         lastOf(after).Opened - lastOf(before).Opened,
			"total":         lastOf(after).Total - lastOf(before).Total,
		} {
			same(t, what+" more", grown, 1)
		}
		same(t, "the roles", after.RoleStatistics.Roles[0].Name, "ADMIN")
		newest := after.RecentSignIns.Items[0]
		same(t, "the newest sign-in", []any{newest.UserID.MustGet(), newest.Name.MustGet(), newest.IP.MustGet()},
			[]any{ada.userID, "Ada Lovelace", "2.125.160.216"})
		program := s.by(n, owner.token(n, "dashboard.read").Token)
		seen := must[*client.GetDashboardsResponse](t, 200)(program.GetDashboardsWithResponse(t.Context())).JSON200
		for _, nobodys := range seen.RecentSignIns.Items {
			same(t, "a sign-in that is nobody's", []bool{
				nobodys.UserID.IsNull(), nobodys.SessionID.IsNull(), nobodys.Name.IsNull(), nobodys.IP.IsNull(), nobodys.Location.IsNull(),
			}, []bool{true, true, true, true, true})
		}
		same(t, "exact", after.Exact, true)

		must[*client.DeleteMeResponse](t, 200)(ada.at(n).DeleteMeWithResponse(t.Context()))
		deleted := must[*client.GetUsersByStatusResponse](t, 200)(owner.at(n).GetUsersByStatusWithResponse(t.Context())).JSON200
		same(t, "all, with the deleted", deleted.Total, after.UsersByStatus.Total)
		same(t, "deleted", by(deleted.Items, "deleted"), 1)
		s.clean(t)
		folded := owner.dashboards(n)
		same(t, "all after a cleanup", folded.UsersByStatus.Items, deleted.Items)
		same(t, "second factors, which a deleted account keeps for its return", folded.UsersByAuthType.SecondFactors,
			after.UsersByAuthType.SecondFactors)
	}, "TRUSTED_PROXIES", "127.0.0.0/8,::1/128", "GEOIP_FILE", places)
}

func lastOf(all client.Dashboards) client.GrowthBucket {
	return all.UserGrowth.Items[len(all.UserGrowth.Items)-1]
}

// Growth is told in the calendar of whoever asks, and only to those who may see it.
func TestGrowthInATimeZone(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	owner := s.crown(t)
	n := s.start()
	owner.login(n)
	ask := func(interval client.GetUserGrowthParamsInterval, timezone, from, to string) *client.GetUserGrowthParams {
		return &client.GetUserGrowthParams{Interval: &interval, Timezone: &timezone, From: &from, To: &to}
	}
	grown := must[*client.GetUserGrowthResponse](t, 200)(
		owner.at(n).GetUserGrowthWithResponse(t.Context(), ask("day", "Europe/Berlin", "2026-03-28", "2026-03-30"))).JSON200
	var hours []time.Duration
	for _, bucket := range grown.Items {
		hours = append(hours, bucket.EndsAt.Sub(bucket.BeginsAt))
	}
	same(t, "the days on which clocks are changed", hours, []time.Duration{24 * time.Hour, 23 * time.Hour, 24 * time.Hour})
	for field, params := range map[string]*client.GetUserGrowthParams{
		"timezone": ask("day", "Mars/Olympus", "2026-03-28", "2026-03-30"), "from": ask("day", "UTC", "2024-01-01", "2026-03-30"),
		"to": ask("day", "UTC", "2026-03-28", "2026-02-30"),
	} {
		failure := mustFail[*client.GetUserGrowthResponse](t, client.ProblemCodeInvalidInput)(
			owner.at(n).GetUserGrowthWithResponse(t.Context(), params))
		same(t, "what is wrong", failure.Errors[0].Field, field)
	}
	ada := s.newPerson(t).signUp(n)
	mustFail[*client.GetOverviewResponse](t, client.ProblemCodeForbidden)(ada.at(n).GetOverviewWithResponse(t.Context()))
	mustFail[*client.GetOverviewResponse](t, client.ProblemCodeUnauthenticated)(n.stranger().GetOverviewWithResponse(t.Context()))
}
