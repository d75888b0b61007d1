package api_test

import (
	"net/http"
	"testing"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/coretest"
)

// TestCallersAreAdmitted calls operations of each audience by each means, with and without the permission.
func TestCallersAreAdmitted(t *testing.T) {
	t.Parallel()
	const denied = http.StatusForbidden
	for name, test := range map[string]struct {
		means        core.Means
		holds        []access.Bit
		method, path string
		want         int
		detail       string
	}{
		"a person without the permission":    {core.BySession, nil, "GET", "/v1/roles", denied, "This needs the permission access.read."},
		"a person with another":              {core.BySession, []access.Bit{access.AccessWrite}, "GET", "/v1/roles", denied, "This needs the permission access.read."},
		"a token that may not read":          {core.ByToken, nil, "GET", "/v1/me", denied, "This needs the permission me.read."},
		"a token that may":                   {core.ByToken, []access.Bit{access.MeRead}, "GET", "/v1/me", http.StatusOK, ""},
		"a token, in person":                 {core.ByToken, []access.Bit{access.MeWrite}, "DELETE", "/v1/me/sessions", denied, "Only the person can do this, signed in themselves."},
		"a token, recently":                  {core.ByToken, []access.Bit{access.MeWrite}, "DELETE", "/v1/me", denied, "Only the person can do this, signed in themselves."},
		"a token, signing out":               {core.ByToken, []access.Bit{access.MeWrite}, "POST", "/v1/auth/logout", denied, "Only the person can do this, signed in themselves."},
		"impersonated":                       {core.ByImpersonation, []access.Bit{access.MeRead}, "GET", "/v1/me", http.StatusOK, ""},
		"impersonated, in person":            {core.ByImpersonation, []access.Bit{access.MeWrite}, "POST", "/v1/me/deactivate", denied, "Only the person can do this, signed in themselves."},
		"a service, what is for people":      {core.ByService, []access.Bit{access.MeRead}, "GET", "/v1/me", denied, "This is for people. A service account cannot do it."},
		"a service without the permission":   {core.ByService, nil, "GET", "/v1/roles", denied, "This needs the permission access.read."},
		"details of health":                  {core.ByService, []access.Bit{access.HealthRead}, "GET", "/health/system", http.StatusOK, ""},
		"details of health, hidden":          {core.BySession, []access.Bit{access.MeRead, access.AuditRead}, "GET", "/health/system", http.StatusNotFound, ""},
		"neither of two":                     {core.BySession, []access.Bit{access.UsersRead}, "POST", user + "/restore", denied, "This needs the permission users.suspend or users.delete."},
		"the first of two":                   {core.BySession, []access.Bit{access.UsersSuspend}, "POST", user + "/restore", http.StatusOK, ""},
		"the second of two":                  {core.ByService, []access.Bit{access.UsersDelete}, "POST", user + "/restore", http.StatusOK, ""},
		"a sign-in with a token that counts": {core.ByToken, nil, "POST", "/v1/auth/login", http.StatusConflict, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{})
			w.means, w.bounded = test.means, access.NewSet(test.holds...)
			got := c.do(test.method, test.path, "", as("means")...)
			if got.StatusCode != test.want || test.detail != "" && got.problem(t).Detail != test.detail {
				t.Errorf("answered %d %s", got.StatusCode, got.body)
			}
			if (got.StatusCode == denied) != (len(w.denials) == 1) {
				t.Errorf("noted %v", w.denials)
			}
			for _, event := range w.denials {
				coretest.Equal(t, audit.ActionDenied, event.Action)
				coretest.Equal(t, principalBy(test.means).ID(), event.Actor)
			}
		})
	}
}

// principalBy is who comes by the means.
func principalBy(means core.Means) core.Principal {
	by := core.Principal{Means: means, UserID: adaID, SessionID: homeID, AuthTime: now}
	switch means {
	case core.ByToken:
		by.SessionID, by.TokenID = core.ID{}, otherID
	case core.ByImpersonation:
		by.Actor = otherID
	case core.ByService:
		by = core.Principal{Means: means, ServiceID: otherID}
	case core.BySession:
	}
	return by
}
