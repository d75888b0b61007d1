//go:build browser

package e2e_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// A page of ours signs in, reads, writes, refreshes and leaves. Scripts see none of the tokens.
//
//nolint:paralleltest // one browser at a time is enough for small machines
func TestInABrowserOurPageWorks(t *testing.T) {
	s := raise(t)
	ada := s.site.newPerson(t).signUp(s.node)
	s.signIn(ada)
	checkCookies(t, s)

	s.mustCall(http.StatusOK, "GET", "/v1/me", nil)
	s.mustCall(http.StatusOK, "PATCH", "/v1/me", `{"name":"Countess"}`)
	var careless answer
	s.run(&careless, pageCall, "PATCH", "/v1/me", `{"name":"Nobody"}`, false)
	if careless.Status != http.StatusForbidden || !strings.Contains(careless.Text, "csrf_failed") {
		t.Errorf("without the CSRF token: %d %s", careless.Status, careless.Text)
	}
	s.mustCall(http.StatusConflict, "POST", "/v1/auth/login", `{"identifier":"a","password":"b"}`)
	before := s.cookies()[accessCookie].Value
	refreshed := s.mustCall(http.StatusOK, "POST", "/v1/auth/refresh", nil)
	if strings.Contains(refreshed.Text, `"access_token"`) || s.cookies()[accessCookie].Value == before {
		t.Errorf("the refresh answered %s", refreshed.Text)
	}
	if me := s.mustCall(http.StatusOK, "GET", "/v1/me", nil); !strings.Contains(me.Text, "Countess") {
		t.Errorf("me: %s", me.Text)
	}
	s.mustCall(http.StatusNoContent, "POST", "/v1/auth/logout", nil)
	for name := range s.cookies() {
		if name != "__Host-device" {
			t.Errorf("%s is still there", name)
		}
	}
	s.mustCall(http.StatusUnauthorized, "GET", "/v1/me", nil)
}

func checkCookies(t *testing.T, s *stage) {
	t.Helper()
	var readable string
	s.run(&readable, "return document.cookie")
	if !strings.HasPrefix(readable, csrfCookie+"=") || strings.Contains(readable, ";") {
		t.Errorf("scripts see %q", readable)
	}
	if _, sent := s.cookies()[refreshCookie]; sent {
		t.Error("the refresh token goes with every request")
	}
	kept := s.cookies()
	s.visit(s.ours + "/v1/auth/availability?username=somebody")
	kept[refreshCookie] = s.cookies()[refreshCookie]
	s.visit(s.ours + "/app")
	for name, path := range map[string]string{accessCookie: "/", refreshCookie: "/v1/auth", csrfCookie: "/", "__Host-device": "/"} {
		held := kept[name]
		if held.Value == "" || held.Path != path || !held.Secure || held.HTTPOnly == (name == csrfCookie) || held.SameSite != "Lax" ||
			strings.HasPrefix(held.Domain, ".") {
			t.Errorf("%s: path %q, domain %q, secure %v, http-only %v, same-site %s",
				name, held.Path, held.Domain, held.Secure, held.HTTPOnly, held.SameSite)
		}
	}
}

// sendForm sends a form as any page can, without asking anybody.
const sendForm = `
	const [target, kind, fields] = arguments;
	const form = document.createElement('form');
	Object.assign(form, {method: 'POST', action: target, enctype: kind});
	for (const [name, value] of Object.entries(fields)) {
		const input = document.createElement('input');
		Object.assign(input, {type: 'hidden', name, value});
		form.append(input);
	}
	document.body.append(form);
	form.submit();`

// fetching reads, or tries to, and says what the page got to know.
const fetching = `
	const [target, options] = arguments;
	return fetch(target, options).then(async reply => reply.type + ' ' + await reply.text(), () => 'refused');`

// embedding loads an address by an element and says whether the page has it.
const embedding = `
	const [target, kind] = arguments;
	return new Promise(done => {
		const element = document.createElement(kind);
		element.onload = () => done('loaded');
		element.onerror = () => done('refused');
		element.src = target;
		document.body.append(element);
	});`

// acts are what an attacker wants a visitor's browser to do, as bodies of JSON.
var acts = map[string]string{
	"/v1/auth/logout": `{}`, "/v1/auth/refresh": `{}`, "/v1/me/deactivate": ``,
	"/v1/auth/login":           `{"identifier":"eve@example.com","password":"pw"}`,
	"/v1/auth/change-password": `{"current_password":"a","new_password":"b"}`,
	"/v1/me/email":             `{"email":"eve@example.com"}`,
}

// Two other sites attack a signed-in visitor: one that gets none of our cookies sent, and a neighbour that does.
// Nothing is changed and nothing is read.
//
//nolint:paralleltest // one browser at a time is enough for small machines
func TestInABrowserOtherSitesAreHarmless(t *testing.T) {
	s := raise(t)
	ada := s.site.newPerson(t).signUp(s.node)
	s.signIn(ada)
	for name, origin := range map[string]string{"a neighbour": s.neighbour, "another site": s.elsewhere} {
		t.Run(name+" sends forms", func(t *testing.T) { sendForms(t, s, origin) })
		t.Run(name+" fetches", func(t *testing.T) { fetchAll(t, s, origin) })
		t.Run(name+" embeds", func(t *testing.T) { embedAll(t, s, origin) })
		s.visit(s.ours + "/app")
		if me := s.mustCall(http.StatusOK, "GET", "/v1/me", nil); !strings.Contains(me.Text, `"Ada Lovelace"`) {
			t.Errorf("after %s: %s", name, me.Text)
		}
	}
	if sent := s.traffic.since(0); !slices.ContainsFunc(sent, func(r request) bool { return r.method == "POST" && r.cookies && r.status == 403 }) {
		t.Error("no attack came with cookies: the neighbour proves nothing")
	}
	s.mustCall(http.StatusOK, "PATCH", "/v1/me", `{"name":"Countess"}`)
}

func sendForms(t *testing.T, s *stage, origin string) {
	t.Helper()
	for path, body := range acts {
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"} {
			s.visit(origin)
			mark := s.traffic.count()
			// In text/plain a field is written name=value, which makes the equals sign part of a JSON text.
			field, value := strings.TrimSuffix(body, "}")+`,"x":"`, `"}`
			s.run(nil, sendForm, s.ours+path, kind, map[string]string{field: value})
			got := awaitRequest(t, s, mark, "POST", path)
			if got.status < 400 || got.status >= 500 {
				t.Errorf("%s as %s: %d", path, kind, got.status)
			}
		}
	}
}

// awaitRequest waits for the request to pass the proxy.
func awaitRequest(t *testing.T, s *stage, mark int, method, path string) (found request) {
	t.Helper()
	eventually(t, method+" "+path, func() bool {
		for _, passed := range s.traffic.since(mark) {
			if passed.method == method && passed.path == path {
				found = passed
				return true
			}
		}
		return false
	})
	return found
}

func fetchAll(t *testing.T, s *stage, origin string) {
	t.Helper()
	s.visit(origin)
	for path, body := range acts {
		mark := s.traffic.count()
		var got string
		blind := map[string]any{
			"method": "POST", "mode": "no-cors", "credentials": "include", "body": body,
			"headers": map[string]string{"Content-Type": "text/plain"},
		}
		s.run(&got, fetching, s.ours+path, blind)
		if passed := awaitRequest(t, s, mark, "POST", path); passed.status < 400 || passed.status >= 500 || strings.Contains(got, "{") {
			t.Errorf("blind to %s: %d, the page got %q", path, passed.status, got)
		}
		mark = s.traffic.count()
		open := map[string]any{
			"method": "POST", "mode": "cors", "credentials": "include", "body": body,
			"headers": map[string]string{"Content-Type": "application/json", "X-CSRF-Token": "x", "X-Token-Transport": "cookie"},
		}
		s.run(&got, fetching, s.ours+path, open)
		awaitRequest(t, s, mark, "OPTIONS", path)
		posted := slices.ContainsFunc(s.traffic.since(mark), func(r request) bool { return r.method == "POST" })
		if posted || got != "refused" {
			t.Errorf("open to %s: went through the preflight: %v, the page got %q", path, posted, got)
		}
	}
	for _, path := range []string{"/v1/me", "/v1/me/sessions", "/v1/auth/availability?username=ada", "/.well-known/jwks.json", "/health", "/dev/mailbox/messages"} {
		for _, mode := range []string{"cors", "no-cors"} {
			var got string
			s.run(&got, fetching, s.ours+path, map[string]any{"mode": mode, "credentials": "include"})
			if strings.Contains(got, "{") {
				t.Errorf("%s by %s: the page reads %q", path, mode, got)
			}
		}
	}
}

func embedAll(t *testing.T, s *stage, origin string) {
	t.Helper()
	s.visit(origin)
	for _, path := range []string{"/v1/auth/logout", "/v1/me", "/.well-known/jwks.json", "/openapi.json"} {
		for _, kind := range []string{"img", "script"} {
			var got string
			s.run(&got, embedding, s.ours+path, kind)
			if got != "refused" {
				t.Errorf("%s by %s: %s", path, kind, got)
			}
		}
	}
	for _, path := range []string{"/verify-email?token=abc", "/reset-password?token=abc", "/docs", "/dev/mailbox", "/v1/me"} {
		s.visit(origin)
		s.complaints()
		var got string
		s.run(&got, embedding, s.ours+path, "iframe")
		if !framingRefused(t, s) {
			t.Errorf("%s can be framed", path)
		}
	}
}

// framingRefused reports whether the browser said that it would not frame a page, or shows a page of its own in
// place of it.
func framingRefused(t *testing.T, s *stage) bool {
	t.Helper()
	if len(s.complaints("frame-ancestors", "X-Frame-Options", "Refused to display")) > 0 {
		return true
	}
	if err := s.browser.Enter(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	var inside string
	s.run(&inside, "return location.href")
	if err := s.browser.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	return strings.HasPrefix(inside, "chrome-error:")
}

// Our own pages act on a click alone, run nothing that came in their address, and break none of their rules.
//
//nolint:paralleltest // one browser at a time is enough for small machines
func TestInABrowserLinksOfMails(t *testing.T) {
	s := raise(t)
	ada := s.site.newPerson(t)
	ada.register(s.node)
	token := s.site.await(t, ada.email, mail.KindRegistration, 1).token
	s.complaints()
	open := func() (status int) {
		reply, err := s.node.stranger().LoginWithResponse(t.Context(), client.LoginRequest{Identifier: ada.email, Password: ada.password})
		if err != nil {
			t.Fatal(err)
		}
		return reply.StatusCode()
	}
	s.visit(s.ours + "/verify-email?token=" + url.QueryEscape(token))
	if got := open(); got != http.StatusUnauthorized {
		t.Errorf("opening the page proved the address: %d", got)
	}
	s.click("button[type=submit]")
	s.mustShow("Your address is confirmed")
	if got := open(); got != http.StatusOK {
		t.Errorf("the click proved nothing: %d", got)
	}

	must[*client.ForgotPasswordResponse](t, http.StatusAccepted)(
		s.node.stranger().ForgotPasswordWithResponse(t.Context(), client.ForgotPasswordRequest{Identifier: ada.email}))
	token = s.site.await(t, ada.email, mail.KindPasswordReset, 1).token
	s.visit(s.ours + "/reset-password?token=" + url.QueryEscape(token))
	ada.password = "another one " + ada.password
	if err := s.browser.Type(t.Context(), "#new_password", ada.password); err != nil {
		t.Fatal(err)
	}
	s.click("button[type=submit]")
	s.mustShow("Your password is changed")
	if got := open(); got != http.StatusOK {
		t.Errorf("the new password does not sign in: %d", got)
	}
	for _, path := range []string{"/docs", "/dev/mailbox", "/verify-email", "/undo-email-change?token=a", "/restore?token=a"} {
		s.visit(s.ours + path)
	}
	if broken := s.complaints("Content Security Policy", "Content-Security-Policy"); len(broken) > 0 {
		t.Errorf("our pages break their own rules: %q", broken)
	}
	for _, evil := range []string{`"><script>document.title="owned"</script>`, `"><img src=x onerror='document.title="owned"'>`, `'-alert(1)-'`} {
		s.visit(s.ours + "/verify-email?token=" + url.QueryEscape(evil))
		var title string
		if s.run(&title, "return document.title"); title == "owned" {
			t.Errorf("%s ran", evil)
		}
	}
}

func (s *stage) click(selector string) {
	s.t.Helper()
	if err := s.browser.Click(s.t.Context(), selector); err != nil {
		s.t.Fatal(err)
	}
}

// mustShow waits until the page shows the text.
func (s *stage) mustShow(text string) {
	s.t.Helper()
	eventually(s.t, "page with "+text, func() bool {
		shown, err := s.browser.Text(s.t.Context(), "body")
		return err == nil && strings.Contains(shown, text)
	})
}
