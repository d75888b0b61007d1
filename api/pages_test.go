package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/verification"
)

const formType = "application/x-www-form-urlencoded"

// TestLinkPagesActOnAClick opens each page, which must use nothing up, and then sends its form.
func TestLinkPagesActOnAClick(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]struct{ open, form, click string }{
		"/verify-email":      {"", "token=a+b", "verify link a b"},
		"/reset-password":    {"check reset a b", "token=a+b&new_password=new", "reset a b 00000000-0000-0000-0000-000000000000  new"},
		"/undo-email-change": {"", "token=a+b", "undo email a b"},
		"/unlock":            {"", "token=a+b", "unlock a b"},
		"/restore":           {"", "token=a+b", "restore a b"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{ServePages: true, AppURL: "https://accounts.example.com"})
			opened := c.do("GET", path+"?token=a+b", "")
			if call := w.said(); opened.StatusCode != http.StatusOK || call != want.open {
				t.Errorf("opening: %d, reached %q", opened.StatusCode, call)
			}
			if !strings.Contains(string(opened.body), `name="token" value="a b"`) {
				t.Errorf("no form: %s", opened.body)
			}
			checkPage(t, opened)
			clicked := c.do("POST", path, want.form, "Content-Type", formType, "Sec-Fetch-Site", "same-origin")
			if call := w.said(); clicked.StatusCode != http.StatusOK || call != want.click {
				t.Errorf("clicking: %d, reached %q", clicked.StatusCode, call)
			}
			checkPage(t, clicked)
		})
	}
}

// checkPage wants a page that runs nothing, loads nothing, is framed nowhere and kept by nobody.
func checkPage(t *testing.T, got reply) {
	t.Helper()
	policy, body := got.Header.Get("Content-Security-Policy"), string(got.body)
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "style-src 'sha256-", "form-action 'self'", "base-uri 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy %q lacks %s", policy, part)
		}
	}
	for field, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Content-Type": "text/html; charset=utf-8",
	} {
		if got.Header.Get(field) != want {
			t.Errorf("%s: %q", field, got.Header.Get(field))
		}
	}
	for _, foreign := range []string{"<script", "http:", "https:", "src=", " style="} {
		if strings.Contains(body, foreign) {
			t.Errorf("the page holds %s", foreign)
		}
	}
	if !strings.Contains(body, `<html lang="en" dir="ltr">`) || !strings.Contains(body, `name="viewport"`) {
		t.Errorf("%s", body)
	}
}

// TestLinkPagesRefuse tells a person what is wrong.
func TestLinkPagesRefuse(t *testing.T) {
	t.Parallel()
	weak := core.InvalidField("new_password", core.CodePasswordCommon, "Many people use this password.")
	for _, test := range []struct {
		name, method, target, form string
		fields                     []string
		err                        error
		status                     int
		holds, call                string
	}{
		{"no token", "GET", "/verify-email", "", nil, nil, 400, "not complete", ""},
		{"long token", "GET", "/verify-email?token=" + strings.Repeat("a", 300), "", nil, nil, 400, "not complete", ""},
		{"dead link at once", "GET", "/reset-password?token=a", "", nil, verification.ErrLink, 410, "not valid", "check reset a"},
		{"dead link", "POST", "/verify-email", "token=a", nil, verification.ErrLink, 410, "not valid", "verify link a"},
		{"weak password", "POST", "/reset-password", "token=a&new_password=x", nil, weak, 400, "Many people use", "reset a 00000000-0000-0000-0000-000000000000  x"},
		{"empty form", "POST", "/restore", "", nil, nil, 400, "not complete", ""},
		{"JSON", "POST", "/restore", `token=a`, []string{"Content-Type", "application/json"}, nil, 400, "not complete", ""},
		{"other site", "POST", "/restore", "token=a", []string{"Sec-Fetch-Site", "cross-site"}, nil, 403, "another site", ""},
		{"same registrable site", "POST", "/restore", "token=a", []string{"Sec-Fetch-Site", "same-site"}, nil, 403, "another site", ""},
		{"other origin, old browser", "POST", "/restore", "token=a", []string{"Origin", "https://evil.example"}, nil, 403, "another site", ""},
		{"own origin, old browser", "POST", "/restore", "token=a", []string{"Origin", "https://accounts.example.com"}, nil, 200, "is back", "restore a"},
		{"hidden origin, old browser", "POST", "/restore", "token=a", []string{"Origin", "null"}, nil, 200, "is back", "restore a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := open(t, api.Options{ServePages: true, AppURL: "https://accounts.example.com/base"})
			w.err = test.err
			got := c.do(test.method, test.target, test.form, append([]string{"Content-Type", formType}, test.fields...)...)
			if call := w.said(); got.StatusCode != test.status || !strings.Contains(string(got.body), test.holds) || call != test.call {
				t.Errorf("%d, reached %q: %s", got.StatusCode, call, got.body)
			}
			checkPage(t, got)
		})
	}
}

// TestLinkPagesEscape puts a token into a page that would break out of it.
func TestLinkPagesEscape(t *testing.T) {
	t.Parallel()
	c, _ := open(t, api.Options{ServePages: true})
	got := c.do("GET", "/verify-email?token="+url.QueryEscape(`"><script>alert(1)</script>`), "")
	checkPage(t, got)
}

// TestLinkPagesAreOptional leaves the paths to the front end where there is one.
func TestLinkPagesAreOptional(t *testing.T) {
	t.Parallel()
	w := &world{}
	app, err := api.New(w.deps(), api.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, app, nil)
	if got := c.do("GET", "/verify-email?token=a", ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("%d", got.StatusCode)
	}
}

// TestDocuments serves the contract in its three forms.
func TestDocuments(t *testing.T) {
	t.Parallel()
	c, _ := open(t, api.Options{})
	for path, want := range map[string][]string{
		"/openapi.yaml": {"application/yaml", "openapi: 3.0.3"},
		"/openapi.json": {"application/json", `"openapi":"3.0.3"`},
		"/docs":         {"text/html; charset=utf-8", `id="verifyEmail"`},
	} {
		got := c.do("GET", path, "")
		if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != want[0] || !strings.Contains(string(got.body), want[1]) {
			t.Errorf("%s: %d %v", path, got.StatusCode, got.Header)
		}
	}
	body := string(c.do("GET", "/docs", "").body)
	for _, item := range contract(t).Paths.Map() {
		for _, operation := range item.Operations() {
			if !strings.Contains(body, `id="`+operation.OperationID+`"`) {
				t.Errorf("%s is not in the reference", operation.OperationID)
			}
		}
	}
	for _, foreign := range []string{"<script", " src=", "@import", "url("} {
		if strings.Contains(body, foreign) {
			t.Errorf("the reference holds %s", foreign)
		}
	}
}

// TestMailbox shows messages to this machine alone.
func TestMailbox(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{})
	w.messages = []mail.Message{{
		ID: core.ID{15: 7}, To: "ada@example.com", Channel: "email", Kind: mail.KindRegistration, Subject: "Your <code>",
		Text: "It is 493027", HTML: `<p style="color:red">It is <b>493027</b></p>`, Code: "493027", Link: "https://x.example/y?token=z", SentAt: now,
	}}
	for _, test := range []struct {
		name, method, target string
		fields               []string
		status               int
		call, holds          string
	}{
		{"page", "GET", "/dev/mailbox?to=ada", nil, 200, "mailbox ada ", `srcdoc="&lt;p style=`},
		{"messages", "GET", "/dev/mailbox/messages?to=ada&kind=registration", nil, 200, "mailbox ada registration", `"code":"493027"`},
		{"empty", "DELETE", "/dev/mailbox/messages", nil, 204, "empty mailbox", ""},
		{"empty by the page", "POST", "/dev/mailbox", []string{"Sec-Fetch-Site", "same-origin"}, 303, "empty mailbox", ""},
		{"empty by another site", "POST", "/dev/mailbox", []string{"Sec-Fetch-Site", "cross-site"}, 404, "", ""},
		{"through a proxy", "GET", "/dev/mailbox", []string{"X-Forwarded-For", "127.0.0.1"}, 404, "", ""},
		{"through a proxy, as JSON", "GET", "/dev/mailbox/messages", []string{"Forwarded", "for=127.0.0.1"}, 404, "", ""},
		{"through a proxy of few words", "GET", "/dev/mailbox", []string{"X-Real-IP", "127.0.0.1"}, 404, "", ""},
		{"through a tunnel", "GET", "/dev/mailbox/messages", []string{"X-Forwarded-Host", "x.example"}, 404, "", ""},
		{"through a cache", "GET", "/dev/mailbox/messages", []string{"Via", "1.1 cache"}, 404, "", ""},
		{"by somebody's name", "GET", "/dev/mailbox/messages", []string{"Host", "evil.example"}, 404, "", ""},
		{"unknown parameter", "GET", "/dev/mailbox/messages?page=2", nil, 400, "", "unknown_field"},
	} {
		got := c.doLocal(test.method, test.target, test.fields...)
		if call := w.said(); got.StatusCode != test.status || call != test.call || !strings.Contains(string(got.body), test.holds) {
			t.Errorf("%s: %d, reached %q: %s", test.name, got.StatusCode, call, got.body)
		}
	}
	if got := c.do("GET", "http://localhost/dev/mailbox/messages", ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("a peer elsewhere: %d", got.StatusCode)
	}
}

// TestNoMailbox answers 404 where there is none.
func TestNoMailbox(t *testing.T) {
	t.Parallel()
	deps := (&world{}).deps()
	deps.Mailbox = nil
	app, err := api.New(deps, api.Options{})
	c := newClient(t, app, err)
	for _, path := range []string{"/dev/mailbox", "/dev/mailbox/messages"} {
		if got := c.doLocal("GET", path); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}
