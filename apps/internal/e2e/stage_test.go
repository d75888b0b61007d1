//go:build browser

package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/apps/internal/webdriver"
)

// stage is a real browser before three sites: ours, behind TLS as it is deployed, with a front end of the same
// origin; a neighbour, which is another port of the same host and so the same site to a browser, which sends it
// our cookies; and another site, under another name of this machine.
type stage struct {
	t       *testing.T
	site    *site
	node    *node
	browser *webdriver.Browser
	traffic *traffic

	ours, neighbour, elsewhere string
}

// request is one that reached our server, with its answer.
type request struct {
	method, path string
	cookies      bool
	status       int
}

// traffic is what passed the proxy before our server.
type traffic struct {
	mu   sync.Mutex
	seen []request
}

func (t *traffic) note(passed request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen = append(t.seen, passed)
}

// since gives what passed after the first n requests.
func (t *traffic) since(n int) []request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]request(nil), t.seen[n:]...)
}

func (t *traffic) count() int { return len(t.since(0)) }

const emptyPage = "<!doctype html><html lang=en><meta charset=utf-8><title>A page</title><body><h1>A page</h1>"

func servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(emptyPage))
}

// raise sets the stage. Without a driver and a browser it fails: .ci/browser brings them.
func raise(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, traffic: &traffic{}}
	var proxy *httputil.ReverseProxy
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/app" {
			servePage(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	s.ours = "https://localhost:" + portOf(t, front)
	s.site = embedded(t, "APP_URL", s.ours, "RATE_LIMITS", "off")
	s.node = s.site.start()
	proxy = s.proxyTo(s.node.address)
	front.StartTLS()
	t.Cleanup(front.Close)
	s.neighbour = strings.Replace(anotherSite(t), "127.0.0.1", "localhost", 1)
	s.elsewhere = anotherSite(t)
	s.browser = openBrowser(t)
	return s
}

func portOf(t *testing.T, server *httptest.Server) string {
	t.Helper()
	parsed, err := url.Parse("https://" + server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Port()
}

func anotherSite(t *testing.T) string {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(servePage))
	t.Cleanup(server.Close)
	return server.URL
}

// proxyTo hands requests on as they are, as a proxy that ends TLS does, and notes them.
func (s *stage) proxyTo(address string) *httputil.ReverseProxy {
	s.t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		s.t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(handed *httputil.ProxyRequest) {
			handed.SetURL(target)
			handed.Out.Host = handed.In.Host
		},
		ModifyResponse: func(response *http.Response) error {
			s.traffic.note(request{
				method: response.Request.Method, path: response.Request.URL.Path, status: response.StatusCode,
				cookies: strings.Contains(response.Request.Header.Get("Cookie"), accessCookie),
			})
			return nil
		},
	}
}

// openBrowser starts a headless Chromium that knows nothing of earlier ones.
func openBrowser(t *testing.T) *webdriver.Browser {
	t.Helper()
	profile, err := os.MkdirTemp("", "doorward-browser-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) }) // the browser may still write to it
	ctx := context.WithoutCancel(t.Context())
	driver, err := webdriver.Launch(ctx, "chromedriver")
	if err != nil {
		t.Fatal(err)
	}
	browser, err := webdriver.Open(ctx, driver.Address,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--ignore-certificate-errors", "--user-data-dir="+profile)
	if err != nil {
		t.Fatal(errors.Join(err, driver.Stop()))
	}
	t.Cleanup(func() {
		closing, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		if err := errors.Join(browser.Close(closing), driver.Stop()); err != nil {
			t.Error(err)
		}
	})
	return browser
}

func (s *stage) visit(address string) {
	s.t.Helper()
	if err := s.browser.Visit(s.t.Context(), address); err != nil {
		s.t.Fatal(err)
	}
}

// run runs a script in the page that is shown and reads what it returns into result.
func (s *stage) run(result any, script string, arguments ...any) {
	s.t.Helper()
	if err := s.browser.Run(s.t.Context(), result, script, arguments...); err != nil {
		s.t.Fatal(err)
	}
}

// answer is what a page of ours sees of a reply.
type answer struct {
	Status int
	Text   string
}

// pageCall calls our server as our front end does.
const pageCall = `
	const [method, path, body, careful] = arguments;
	return (async () => {
		const headers = {'X-Token-Transport': 'cookie'};
		if (body !== null) headers['Content-Type'] = 'application/json';
		const held = document.cookie.match(/(?:^|; )__Host-csrf=([^;]*)/);
		if (careful && held) headers['X-CSRF-Token'] = held[1];
		const reply = await fetch(path, {method, headers, body});
		return {Status: reply.status, Text: await reply.text()};
	})();`

// call makes a page of ours call. The page must be shown.
func (s *stage) call(method, path string, body any) (got answer) {
	s.t.Helper()
	s.run(&got, pageCall, method, path, body, true)
	return got
}

// mustCall is call with the status that it must be answered with.
func (s *stage) mustCall(want int, method, path string, body any) answer {
	s.t.Helper()
	got := s.call(method, path, body)
	if got.Status != want {
		s.t.Fatalf("%s %s: %d, want %d: %s", method, path, got.Status, want, got.Text)
	}
	return got
}

// cookies are those that go with the page that is shown, by name.
func (s *stage) cookies() map[string]webdriver.Cookie {
	s.t.Helper()
	kept, err := s.browser.Cookies(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	byName := make(map[string]webdriver.Cookie)
	for _, each := range kept {
		byName[each.Name] = each
	}
	return byName
}

// complaints are the lines of the console that hold one of the words, since they were last asked for.
func (s *stage) complaints(words ...string) (found []string) {
	s.t.Helper()
	all, err := s.browser.Complaints(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, each := range all {
		for _, word := range words {
			if strings.Contains(each.Message, word) && !strings.Contains(each.Message, "favicon") {
				found = append(found, each.Message)
				break
			}
		}
	}
	return found
}

// signIn signs the person in at our front end, and leaves it shown.
func (s *stage) signIn(who *person) {
	s.t.Helper()
	s.visit(s.ours + "/app")
	s.mustCall(http.StatusOK, "POST", "/v1/auth/login", `{"identifier":"`+who.email+`","password":"`+who.password+`"}`)
}
