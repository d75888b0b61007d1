package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
)

// deed is one operation, and what the contract says of who may call it. The contract is held against the policy of the
// server by a test of its own, so that an operation which nobody thought about is found here.
type deed struct {
	id, method, path, media string
	// empty tells that nothing, or an empty object, is a body that will do.
	empty bool
	// guarded wants credentials, optional looks at them where there are some.
	guarded, optional bool
	// needs is the key of the permission, or that of another which does as well.
	needs, or                                                   string
	inPerson, recent, enrolling, services, signedOut, operators bool
}

// deeds gives every operation of the contract, in the order of their paths.
func deeds(t *testing.T) (all []deed) {
	t.Helper()
	document, err := oapi.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range document.Paths.Map() {
		for method, described := range item.Operations() {
			says := func(extension string) bool { return described.Extensions[extension] == true }
			one := deed{
				id: described.OperationID, method: method, path: path, inPerson: says("x-in-person"), recent: says("x-recent-sign-in"),
				enrolling: says("x-while-enrolling"), services: says("x-service-accounts"), signedOut: says("x-signed-out"),
				operators: says("x-private-listener"),
			}
			one.needs, _ = described.Extensions["x-permission"].(string)
			one.or, _ = described.Extensions["x-permission-or"].(string)
			if security := described.Security; security != nil {
				one.optional = slices.ContainsFunc(*security, func(r openapi3.SecurityRequirement) bool { return len(r) == 0 })
				one.guarded = !one.optional
			}
			if body := described.RequestBody; body != nil {
				for media, content := range body.Value.Content {
					schema := content.Schema.Value
					one.media, one.empty = media, len(schema.Required)+len(schema.OneOf)+len(schema.AnyOf) == 0
				}
			} else {
				one.empty = true
			}
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b deed) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return all
}

// sweeping tells that a call with nothing in its body and no id does something: whoever makes it may be gone afterwards.
func (d deed) sweeping() bool {
	return d.method != http.MethodGet && d.empty && !strings.Contains(d.path, "{")
}

// fill writes an id in place of each parameter.
func (d deed) fill(id func(name string) string) string {
	for {
		head, rest, found := strings.Cut(d.path, "{")
		name, tail, _ := strings.Cut(rest, "}")
		if !found {
			return d.path
		}
		d.path = head + id(name) + tail
	}
}

// somewhere fills in ids that nothing has.
func somewhere(string) string { return core.NewIDs(core.ClockFunc(time.Now)).New().String() }

// verdict is what the edge answers a caller who is not admitted; zero for one who is.
type verdict struct {
	status int
	code   client.ProblemCode
}

var (
	admitted = verdict{}
	hidden   = verdict{http.StatusNotFound, client.ProblemCodeNotFound}
	denied   = verdict{http.StatusForbidden, client.ProblemCodeForbidden}
)

// expected is the rule of the whole edge, once more, in the words of the contract.
func (d deed) expected(c *caller, s *site) verdict {
	known := c.refused == ""
	switch {
	case strings.HasPrefix(d.path, "/dev/"):
		if _, developing := s.letters.(*devMailbox); developing {
			return admitted
		}
		return hidden
	case d.operators && (!known || !c.holds(d.needs)):
		return hidden
	case d.signedOut && known && !c.stranger:
		return verdict{http.StatusConflict, client.ProblemCodeAlreadySignedIn}
	case !d.guarded && !d.optional, d.optional && (!known || c.stranger):
		return admitted
	case !known:
		return verdict{http.StatusUnauthorized, c.refused}
	case c.careless && d.method != http.MethodGet:
		return verdict{http.StatusForbidden, client.ProblemCodeCsrfFailed}
	case c.overdue && !d.enrolling:
		return verdict{http.StatusForbidden, client.ProblemCodeSecondFactorRequired}
	case c.service && d.guarded && !d.services, c.apart && (d.inPerson || d.recent), !d.permits(c):
		return denied
	}
	return admitted
}

// permits reports whether the caller holds a permission that the operation wants.
func (d deed) permits(c *caller) bool {
	return d.needs == "" || c.holds(d.needs) || d.or != "" && c.holds(d.or)
}

// turnedAway are the codes of the edge: whoever is admitted is answered with none of them.
var turnedAway = []client.ProblemCode{
	client.ProblemCodeUnauthenticated, client.ProblemCodeInvalidToken, client.ProblemCodeTokenExpired,
	client.ProblemCodeSessionEnded, client.ProblemCodeForbidden, client.ProblemCodeCsrfFailed,
	client.ProblemCodeSecondFactorRequired, client.ProblemCodeReauthenticationRequired, client.ProblemCodeAlreadySignedIn,
}

// elsewhere are the operations that judge credentials which the edge does not: those in the body.
var elsewhere = map[string]client.ProblemCode{
	"refresh": client.ProblemCodeUnauthenticated, "logout": client.ProblemCodeUnauthenticated,
}

// answered is a reply as the matrix looks at it.
type answered struct {
	status int
	code   client.ProblemCode
}

// do makes the call with nothing in its body, or an empty object: whoever is admitted gets no further than that.
func (d deed) do(t *testing.T, c *caller, n *node, path string) answered {
	t.Helper()
	var body io.Reader
	if d.media == "application/json" {
		body = strings.NewReader("{}")
	}
	request, err := http.NewRequestWithContext(t.Context(), d.method, n.address+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if d.media != "" {
		request.Header.Set("Content-Type", d.media)
	}
	for name, value := range c.fields {
		request.Header.Set(name, value)
	}
	response, err := n.site.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it was read to its end
	var problem client.Problem
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/problem+json") {
		if err := json.NewDecoder(response.Body).Decode(&problem); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = io.Copy(io.Discard, response.Body)
	return answered{response.StatusCode, problem.Code}
}

// judge compares an answer with what is expected.
func (d deed) judge(t *testing.T, c *caller, s *site, got answered) {
	t.Helper()
	want := d.expected(c, s)
	switch own, judges := elsewhere[d.id]; {
	case want != admitted && got != answered(want):
		t.Errorf("%s: answered %d %s, want %d %s", c.name, got.status, got.code, want.status, want.code)
	case want == admitted && judges && (got.code == own || got.code == c.refused && c.refused != ""):
	case want == admitted && (slices.Contains(turnedAway, got.code) || got.status >= http.StatusInternalServerError && !d.operators):
		t.Errorf("%s: answered %d %s, but they may", c.name, got.status, got.code)
	}
}

// TestEverybodyAtEveryOperation calls every operation of the contract as everybody: what each is answered follows from
// what the contract says of it, and nobody reaches what belongs to somebody else.
func TestEverybodyAtEveryOperation(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		play := cast(t, s)
		for _, d := range deeds(t) {
			t.Run(d.id, func(t *testing.T) {
				for _, c := range play.callers {
					d.judge(t, c, s, d.do(t, d.played(c, s), play.node, d.fill(somewhere)))
				}
				if strings.Contains(d.path, "{") {
					play.ownThings(t, d)
					play.foreignThings(t, d)
				}
			})
		}
	}, "SECOND_FACTOR_GRACE", "0s")
}

// played is who makes the call: somebody who may be used up, where that is what it would do.
func (d deed) played(c *caller, s *site) *caller {
	if c.fresh == nil || !d.sweeping() || d.expected(c, s) != admitted {
		return c
	}
	used := *c
	used.fields = c.fresh()
	return &used
}

// ownThings lets somebody reach for what is theirs.
func (p *play) ownThings(t *testing.T, d deed) {
	t.Helper()
	self := p.self
	if _, known := self.thing(d); !known {
		return
	}
	if d.method != http.MethodGet {
		self = p.newcomer(t)
	}
	owns, _ := self.thing(d)
	c := p.as(self)
	got := d.do(t, c, p.node, d.fill(owns))
	if strings.HasPrefix(d.path, "/v1/me/") && got.status >= http.StatusBadRequest {
		t.Errorf("the owner: answered %d %s", got.status, got.code)
	}
	d.judge(t, c, p.node.site, got)
}

// foreignThings lets somebody reach for what is another's.
func (p *play) foreignThings(t *testing.T, d deed) {
	t.Helper()
	if !strings.HasPrefix(d.path, "/v1/me/") && !strings.HasPrefix(d.path, "/v1/users/") {
		return // what is nobody's, and judged by the permission alone
	}
	owns, known := p.victim.thing(d)
	if !known {
		t.Errorf("nobody thought about whose %s is", d.path)
		return
	}
	got := d.do(t, p.meddler, p.node, d.fill(owns))
	if got.status != http.StatusNotFound && got != answered(denied) {
		t.Errorf("another's: answered %d %s", got.status, got.code)
	}
}

// thing gives the ids of what belongs to somebody, by the names of the parameters of an operation.
func (b *belongings) thing(d deed) (id func(name string) string, known bool) {
	family, _, _ := strings.Cut(d.path, "{")
	ids := map[string]map[string]string{
		"/v1/me/sessions/": {"id": b.session},
		"/v1/me/devices/":  {"device_id": b.device},
		"/v1/me/factors/":  {"id": b.factor},
		"/v1/me/tokens/":   {"token_id": b.token},
		"/v1/users/":       {"id": b.userID, "session_id": b.session},
	}[family]
	for _, part := range strings.Split(d.path, "/") {
		if name, is := strings.CutPrefix(part, "{"); is && ids[strings.TrimSuffix(name, "}")] == "" {
			return nil, false
		}
	}
	return func(name string) string { return fmt.Sprint(ids[name]) }, true
}
