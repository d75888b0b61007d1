package e2e_test

import (
	"bufio"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/api/client"
)

const (
	accessCookie  = "__Host-access"
	refreshCookie = "__Secure-refresh"
	csrfCookie    = "__Host-csrf"
)

// browser is a page of a site with the cookies of its visitor. It keeps them as a browser would, but for TLS,
// which these servers do without.
type browser struct {
	base http.RoundTripper

	mu      sync.Mutex
	cookies map[string]string
	// fields are sent along; what the page takes from the readable cookie comes on top, unless it is careless.
	fields   map[string]string
	careless bool
}

func (s *site) newBrowser() *browser {
	return &browser{
		base: s.http.Transport, cookies: map[string]string{}, fields: map[string]string{"X-Token-Transport": "cookie"},
	}
}

// RoundTrip sends a request with the cookies of its path and keeps those that come back.
func (b *browser) RoundTrip(request *http.Request) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	request = request.Clone(request.Context())
	for name, value := range b.cookies {
		if name != refreshCookie || strings.HasPrefix(request.URL.Path, "/v1/auth/") {
			request.Header.Add("Cookie", name+"="+value)
		}
	}
	if lines := request.Header["Cookie"]; len(lines) > 1 {
		request.Header.Set("Cookie", strings.Join(lines, "; "))
	}
	for name, value := range b.fields {
		request.Header.Set(name, value)
	}
	if !b.careless {
		request.Header.Set("X-CSRF-Token", b.cookies[csrfCookie])
	}
	response, err := b.base.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	for _, each := range response.Cookies() {
		b.cookies[each.Name] = each.Value
		if each.MaxAge < 0 {
			delete(b.cookies, each.Name)
		}
	}
	return response, nil
}

// at is the page's way to call a server.
func (b *browser) at(t *testing.T, n *node) *client.ClientWithResponses {
	t.Helper()
	made, err := client.NewClientWithResponses(n.address, client.WithHTTPClient(&http.Client{Transport: b, Timeout: patience}))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// change is a copy of the browser with other cookies and fields; an empty value takes one away.
func (b *browser) change(cookies, fields map[string]string) *browser {
	b.mu.Lock()
	defer b.mu.Unlock()
	changed := &browser{base: b.base, cookies: maps.Clone(b.cookies), fields: maps.Clone(b.fields), careless: b.careless}
	for name, value := range cookies {
		if changed.cookies[name] = value; value == "" {
			delete(changed.cookies, name)
		}
	}
	maps.Copy(changed.fields, fields)
	return changed
}

func (b *browser) held(name string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cookies[name]
}

// browse signs the person in with a browser.
func (p *person) browse(n *node) *browser {
	p.t.Helper()
	b := p.site.newBrowser()
	reply := must[*client.LoginResponse](p.t, http.StatusOK)(b.at(p.t, n).LoginWithResponse(p.t.Context(),
		client.LoginRequest{Identifier: p.email, Password: p.password}))
	if tokens := reply.JSON200.Tokens; tokens.AccessToken+tokens.RefreshToken != "" || tokens.ExpiresIn == 0 {
		p.t.Errorf("the body holds tokens: %s", reply.Body)
	}
	if reply.JSON200.DeviceToken != "" || b.held("__Host-device") == "" {
		p.t.Errorf("the browser is not known by a cookie alone: %s", reply.Body)
	}
	return b
}

// A browser signs in, reads, writes, refreshes without an access token, proves itself again and leaves, all
// by cookies, at any replica; afterwards nothing that it held is good.
func TestLifeOfABrowser(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		b := ada.browse(n)
		if _, shared := s.letters.(*smtpLetters); shared {
			n = s.start() // another replica
		}
		at := b.at(t, n)
		me := must[*client.GetMeResponse](t, 200)(at.GetMeWithResponse(t.Context())).JSON200
		same(t, "email", me.User.Email, ada.email)
		must[*client.UpdateMeResponse](t, 200)(at.UpdateMeWithResponse(t.Context(), client.UpdateMeRequest{Name: "Countess"}))

		first, csrf := b.held(refreshCookie), b.held(csrfCookie)
		late := b.change(map[string]string{accessCookie: ""}, nil)
		dead, err := late.at(t, n).GetMeWithResponse(t.Context())
		if err != nil || dead.StatusCode() != http.StatusUnauthorized || dead.HTTPResponse.Header.Get("X-CSRF-Token") != csrf {
			t.Errorf("a page that comes back late is not told its CSRF token: %v", err)
		}
		refreshed := must[*client.RefreshResponse](t, 200)(late.at(t, n).RefreshWithResponse(t.Context(), client.RefreshRequest{})).JSON200
		same(t, "session", refreshed.Session.ID, me.Session.MustGet().ID)
		if late.held(refreshCookie) == first || late.held(accessCookie) == "" {
			t.Error("the refresh set no new cookies")
		}
		same(t, "CSRF token of the session", late.held(csrfCookie), csrf)
		at = late.at(t, n)
		must[*client.ReauthenticateResponse](t, 200)(at.ReauthenticateWithResponse(t.Context(), client.ReauthenticateRequest{Password: ada.password}))

		before := late.change(nil, nil)
		must[*client.LogoutResponse](t, 204)(at.LogoutWithResponse(t.Context(), client.LogoutRequest{}))
		for _, name := range []string{accessCookie, refreshCookie, csrfCookie} {
			if late.held(name) != "" {
				t.Errorf("%s is still there", name)
			}
		}
		if late.held("__Host-device") == "" {
			t.Error("the known device was forgotten")
		}
		mustFail[*client.GetMeResponse](t, client.ProblemCodeSessionEnded)(before.at(t, n).GetMeWithResponse(t.Context()))
		mustFail[*client.RefreshResponse](t, client.ProblemCodeSessionEnded)(
			before.change(map[string]string{accessCookie: ""}, nil).at(t, n).RefreshWithResponse(t.Context(), client.RefreshRequest{}))
		if again := ada.browse(n); again.held(csrfCookie) == csrf {
			t.Error("two sessions share a CSRF token")
		}
	}, "RATE_LIMITS", "off")
}

// What other sites can make a signed-in browser send changes nothing, and the session lives on.
func TestAttacksOnABrowser(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada, eve := s.newPerson(t).signUp(n), s.newPerson(t).signUp(n)
		victim, attacker := ada.browse(n), eve.browse(n)
		careless := victim.change(nil, nil)
		careless.careless = true
		for name, b := range map[string]*browser{
			"no CSRF token":           careless,
			"the attacker's token":    victim.change(map[string]string{csrfCookie: attacker.held(csrfCookie)}, nil),
			"another site":            victim.change(nil, map[string]string{"Origin": "https://evil.example"}),
			"a sandbox":               victim.change(nil, map[string]string{"Origin": "null"}),
			"a neighbour":             victim.change(nil, map[string]string{"Sec-Fetch-Site": "same-site"}),
			"the attacker's access":   victim.change(map[string]string{accessCookie: attacker.held(accessCookie)}, nil),
			"an invented CSRF cookie": victim.change(map[string]string{csrfCookie: strings.Repeat("A", 43)}, nil),
		} {
			t.Run(name, func(t *testing.T) {
				at := b.at(t, n)
				mustFail[*client.UpdateMeResponse](t, client.ProblemCodeCsrfFailed)(at.UpdateMeWithResponse(t.Context(), client.UpdateMeRequest{Name: "Eve"}))
				mustFail[*client.LogoutResponse](t, client.ProblemCodeCsrfFailed)(at.LogoutWithResponse(t.Context(), client.LogoutRequest{}))
			})
		}
		planted := victim.change(map[string]string{refreshCookie: attacker.held(refreshCookie), accessCookie: ""}, nil)
		mustFail[*client.RefreshResponse](t, client.ProblemCodeCsrfFailed)(planted.at(t, n).RefreshWithResponse(t.Context(), client.RefreshRequest{}))
		both := attacker.held(refreshCookie) + "; " + refreshCookie + "=" + victim.held(refreshCookie)
		tossed := victim.change(map[string]string{refreshCookie: both}, nil)
		refreshed := must[*client.RefreshResponse](t, 200)(tossed.at(t, n).RefreshWithResponse(t.Context(), client.RefreshRequest{})).JSON200
		same(t, "user of the refreshed session", refreshed.User.Email, ada.email)
		me := must[*client.GetMeResponse](t, 200)(victim.at(t, n).GetMeWithResponse(t.Context())).JSON200
		same(t, "name", me.User.Name, "Ada Lovelace")
		mustFail[*client.LoginResponse](t, client.ProblemCodeAlreadySignedIn)(victim.at(t, n).LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: eve.email, Password: eve.password}))
		stranger := s.newBrowser().change(nil, map[string]string{"Origin": "https://evil.example"})
		mustFail[*client.LoginResponse](t, client.ProblemCodeCsrfFailed)(stranger.at(t, n).LoginWithResponse(t.Context(),
			client.LoginRequest{Identifier: eve.email, Password: eve.password}))
	}, "RATE_LIMITS", "off")
}

// Pages of the front end's origin may read, those of others may not, and the server says so before either asks.
func TestOriginsOfPages(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		for origin, allowed := range map[string]string{"https://app.example.com": "https://app.example.com", "https://evil.example": "", "null": ""} {
			for _, method := range []string{http.MethodGet, http.MethodOptions} {
				request, err := http.NewRequestWithContext(t.Context(), method, n.address+"/v1/me", nil)
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Origin", origin)
				request.Header.Set("Access-Control-Request-Method", "PATCH")
				reply, err := s.http.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				if err := reply.Body.Close(); err != nil {
					t.Error(err)
				}
				same(t, method+" from "+origin, reply.Header.Get("Access-Control-Allow-Origin"), allowed)
			}
		}
	}, "FRONTEND_URL", "https://app.example.com/welcome")
}

// The listeners of the real server stand behind the same strict reading of requests.
func TestFramesAtTheListeners(t *testing.T) {
	t.Parallel()
	s := embedded(t, "ADMIN_ADDR", "127.0.0.1:0")
	n := s.start()
	for _, address := range []string{n.address, n.admin} {
		for head, want := range map[string]int{
			"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n": http.StatusOK,
			"GET /health/live HTTP/1.1\nHost: x\n\n":                            http.StatusBadRequest,
			"GET /health/live HTTP/1.1\r\n\r\n":                                 http.StatusBadRequest,
		} {
			same(t, head, statusOf(t, address, head), want)
		}
	}
}

func statusOf(t *testing.T, address, raw string) int {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", parsed.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close() //nolint:errcheck // nothing is lost
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(connection, raw); err != nil {
		t.Fatal(err)
	}
	reply, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := reply.Body.Close(); err != nil {
		t.Error(err)
	}
	return reply.StatusCode
}
