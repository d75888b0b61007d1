package api_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/signin"
)

// TestCrossSiteRequests sends an act of a signed-in browser from everywhere.
func TestCrossSiteRequests(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, cookie, header string
		fields               []string
		status               int
	}{
		{"by our page", homeCSRF, homeCSRF, []string{"Origin", ourOrigin, "Sec-Fetch-Site", "same-origin"}, 204},
		{"by our page, in an old browser", homeCSRF, homeCSRF, []string{"Origin", ourOrigin}, 204},
		{"by our page, without Origin", homeCSRF, homeCSRF, []string{"Sec-Fetch-Site", "same-origin"}, 204},
		{"by the front end", homeCSRF, homeCSRF, []string{"Origin", frontOrigin, "Sec-Fetch-Site", "same-site"}, 204},
		{"by a program", homeCSRF, homeCSRF, nil, 204},
		{"without the token", homeCSRF, "", []string{"Origin", ourOrigin}, 403},
		{"without its cookie", "", homeCSRF, []string{"Origin", ourOrigin}, 403},
		{"with neither", "", "", []string{"Origin", ourOrigin}, 403},
		{"with another token", homeCSRF, otherCSRF, nil, 403},
		{"with a planted pair of another session", otherCSRF, otherCSRF, nil, 403},
		{"with a made-up pair", "x", "x", nil, 403},
		{"with two cookies", homeCSRF + "; __Host-csrf=" + homeCSRF, homeCSRF, nil, 403},
		{"from another site", homeCSRF, homeCSRF, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
		{"from another site, in an old browser", homeCSRF, homeCSRF, []string{"Origin", "https://evil.example"}, 403},
		{"from a neighbour", homeCSRF, homeCSRF, []string{"Origin", "https://shop.example.com", "Sec-Fetch-Site", "same-site"}, 403},
		{"from another port", homeCSRF, homeCSRF, []string{"Origin", ourOrigin + ":8443"}, 403},
		{"without TLS", homeCSRF, homeCSRF, []string{"Origin", "http://accounts.example.com"}, 403},
		{"from a longer host", homeCSRF, homeCSRF, []string{"Origin", frontOrigin + ".evil.example"}, 403},
		{"from a host in capitals", homeCSRF, homeCSRF, []string{"Origin", strings.ToUpper(frontOrigin)}, 403},
		{"from a sandbox", homeCSRF, homeCSRF, []string{"Origin", "null"}, 403},
		{"from a sandbox of ours", homeCSRF, homeCSRF, []string{"Origin", "null", "Sec-Fetch-Site", "same-origin"}, 403},
		{"by redirection", homeCSRF, homeCSRF, []string{"Origin", ourOrigin, "Sec-Fetch-Site", "cross-site"}, 403},
		{"from another site, without Origin", homeCSRF, homeCSRF, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"from a neighbour, without Origin", homeCSRF, homeCSRF, []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"typed in", homeCSRF, homeCSRF, []string{"Sec-Fetch-Site", "none"}, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, browsing)
			fields := append([]string{"Cookie", "__Host-access=good; __Host-csrf=" + test.cookie, "X-CSRF-Token", test.header}, test.fields...)
			got := c.do("POST", "/v1/me/deactivate", "", fields...)
			if call := w.said(); got.StatusCode != test.status || (call != "") != (test.status == 204) {
				t.Errorf("%d, reached %q: %s", got.StatusCode, call, got.body)
			}
			if test.status == 403 && (got.problem(t).Code != "csrf_failed" || len(got.Cookies()) > 0) {
				t.Errorf("%s, sets %v", got.body, got.Cookies())
			}
			bearer := c.do("POST", "/v1/me/deactivate", "", append(test.fields, as("good")...)...)
			if call := w.said(); bearer.StatusCode != http.StatusNoContent || call != "deactivate" {
				t.Errorf("a bearer is bothered: %d %s", bearer.StatusCode, bearer.body)
			}
		})
	}
}

// TestPagesAreToldTheirToken gives a page that reads with a live cookie its token, and the cookie again where it
// was lost; nobody else is told.
func TestPagesAreToldTheirToken(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, cookies, told string
		again               bool
	}{
		{"lost", "__Host-access=good", homeCSRF, true},
		{"of another session", "__Host-access=good; __Host-csrf=" + otherCSRF, homeCSRF, true},
		{"kept", signedInCookies, homeCSRF, false},
		{"kept beside an expired token", "__Host-access=expired; __Host-csrf=" + homeCSRF, homeCSRF, false},
		{"kept beside none", "__Host-csrf=" + homeCSRF, homeCSRF, false},
		{"two", "__Host-access=expired; __Host-csrf=a; __Host-csrf=b", "", false},
		{"no letters of a token", "__Host-access=expired; __Host-csrf=a<b", "", false},
		{"nobody", "", "", false},
	} {
		c, _ := open(t, browsing)
		var want []string
		if test.again {
			want = wantCookies[1:2]
		}
		reply := c.do("GET", "/v1/me", "", "Cookie", test.cookies)
		if got := described(reply); !slices.Equal(got, want) || reply.Header.Get("X-CSRF-Token") != test.told {
			t.Errorf("%s: told %q, sets %q, want %q", test.name, reply.Header.Get("X-CSRF-Token"), got, want)
		}
		if got := c.do("GET", "/v1/me", "", append(as("good"), "Cookie", test.cookies)...); got.Header.Get("X-CSRF-Token") != "" || len(got.Cookies()) > 0 {
			t.Errorf("%s: a bearer is told too", test.name)
		}
	}
}

// reads are the use cases that change nothing.
var reads = regexp.MustCompile(`^(|username .*|email .*|check reset .*|list .*|activity .*|devices .*|factors|profile [0-9a-f-]{36} for .*|search .*|own permissions .*|groups of .*)$`)

// TestNoOperationActsOnASimpleRequest sends to every operation what a page of any site can send without asking:
// a form or a text, with the cookies of its visitor. None reaches a use case that changes something. The same
// request as a page of ours sends it does, so the test would notice.
func TestNoOperationActsOnASimpleRequest(t *testing.T) {
	t.Parallel()
	for path, item := range contract(t).Paths.Map() {
		for method, operation := range item.Operations() {
			if slices.Contains([]string{"health", "dev"}, operation.Tags[0]) {
				continue // nothing is kept there that a visitor's browser could change
			}
			body, media := sampleBody(operation)
			if media == "application/x-ndjson" {
				continue // a stream is read by its own handler, and tested with it
			}
			t.Run(operation.OperationID, func(t *testing.T) {
				t.Parallel()
				checkSimple(t, method, example(path), body, media, api.ForStrangers(operation.OperationID))
			})
		}
	}
}

func checkSimple(t *testing.T, method, target, body, media string, forStrangers bool) {
	t.Helper()
	c, w := open(t, browsing)
	isRead := method == http.MethodGet
	if !isRead {
		w.holds = []access.Bit{access.Everything}
	}
	w.register = signin.Registered{SignedIn: &entered}
	cookies := signedInCookies + "; __Secure-refresh=refresh"
	forms := []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""}
	for _, sent := range forms {
		for _, origin := range []string{"https://evil.example", "null", frontOrigin, ourOrigin, ""} {
			fields := []string{"Cookie", cookies, "Content-Type", sent}
			if origin != "" {
				fields = append(fields, "Origin", origin)
			}
			got := c.do(method, target, body, fields...)
			if call := w.said(); !reads.MatchString(call) {
				t.Errorf("%q from %q: %d, reached %q", sent, origin, got.StatusCode, call)
			}
		}
	}
	w.holds = nil
	if got := c.do("HEAD", target, "", "Cookie", cookies); !reads.MatchString(w.said()) {
		t.Errorf("HEAD: %d", got.StatusCode)
	}
	if isRead {
		return
	}
	w.holds = []access.Bit{access.Everything}
	fields := []string{"Content-Type", media}
	if !forStrangers {
		fields = append(fields, "Cookie", cookies, "X-CSRF-Token", homeCSRF, "Origin", ourOrigin)
	}
	if got := c.do(method, target, body, fields...); reads.MatchString(w.said()) {
		t.Errorf("the page of ours fails too: %d %s", got.StatusCode, got.body)
	}
}

// example fills the parameters of a path.
func example(path string) string {
	return regexp.MustCompile(`\{token\}`).ReplaceAllString(regexp.MustCompile(`\{[a-z_]*id\}`).ReplaceAllString(path, someID), "abc")
}

// sampleBody makes a body that an operation takes, empty for one that takes none, and tells its media type.
func sampleBody(operation *openapi3.Operation) (body, media string) {
	if operation.RequestBody == nil {
		return "", ""
	}
	for media, described := range operation.RequestBody.Value.Content {
		if media == "application/json" {
			return sample(described.Schema.Value), media
		}
		return "token=abc", media
	}
	return "", ""
}

func sample(schema *openapi3.Schema) string {
	switch {
	case len(schema.OneOf) > 0:
		return sample(schema.OneOf[0].Value)
	case len(schema.Enum) > 0:
		return `"` + schema.Enum[0].(string) + `"`
	case schema.Type.Is(openapi3.TypeBoolean):
		return "true"
	case schema.Type.Is(openapi3.TypeInteger):
		return "1"
	case schema.Type.Is(openapi3.TypeArray):
		return "[" + sample(schema.Items.Value) + "]"
	case !schema.Type.Is(openapi3.TypeObject):
		return sampleText(schema)
	}
	wanted := schema.Required
	if names := slices.Sorted(maps.Keys(schema.Properties)); len(wanted) == 0 && len(names) > 0 {
		wanted = names[:1]
		if slices.Contains(names, "password") {
			wanted = []string{"password"}
		}
	}
	members := make([]string, 0, len(wanted))
	for _, name := range wanted {
		members = append(members, `"`+name+`":`+sample(schema.Properties[name].Value))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func sampleText(schema *openapi3.Schema) string {
	switch {
	case schema.Format == "uuid":
		return `"` + someID + `"`
	case schema.Format == "date-time":
		return `"2026-03-01T13:00:00Z"`
	case strings.HasPrefix(schema.Pattern, "^app"):
		return `"app.order.paid"`
	case schema.Format == "email":
		return `"a@b.example"`
	case schema.Pattern == "^[0-9]{6}$":
		return `"493027"`
	default:
		return `"abc"`
	}
}

// TestEverySignInCanSetCookies holds the policy and the contract together: whatever answers with tokens can be
// asked for cookies, and is in the table that is tested for it.
func TestEverySignInCanSetCookies(t *testing.T) {
	t.Parallel()
	for _, item := range contract(t).Paths.Map() {
		for _, operation := range item.Operations() {
			answers, device := false, false
			for _, response := range operation.Responses.Map() {
				media := response.Value.Content["application/json"]
				answers = answers || media != nil && holds(media.Schema.Value, "tokens", "token_type")
				device = device || media != nil && holds(media.Schema.Value, "device_token")
			}
			asked := operation.Parameters.GetByInAndName("header", "X-Token-Transport") != nil
			if known := answers || device; known != asked || known != api.SignsIn(operation.OperationID) {
				t.Errorf("%s answers with tokens: %v, can be asked for cookies: %v", operation.OperationID, known, asked)
			}
			if _, tested := signIns[operation.OperationID]; tested != answers {
				t.Errorf("%s answers with tokens: %v, tested: %v", operation.OperationID, answers, tested)
			}
		}
	}
}
