// Package webdriver drives a browser by the W3C WebDriver protocol (https://www.w3.org/TR/webdriver2/), as far as
// the check of browser safety needs it: open a page, run a script in it, click, type, look at cookies and at
// what the browser complained about. It is for tests alone.
package webdriver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// callTimeout bounds one command: longer than any page or script is given.
const callTimeout = time.Minute

// elementKey is how the protocol marks references to elements (§12.2).
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

// Browser is one session of a browser. Not safe for concurrent use, as neither is what it drives.
type Browser struct {
	base string
	http http.Client
}

// Cookie is a cookie as the browser keeps it, HttpOnly ones included.
type Cookie struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Path     string `json:"path"`
	Domain   string `json:"domain"`
	Secure   bool   `json:"secure"`
	HTTPOnly bool   `json:"httpOnly"`
	SameSite string `json:"sameSite"`
}

// Complaint is a line of the browser's console.
type Complaint struct {
	Level   string `json:"level"`
	Source  string `json:"source"`
	Message string `json:"message"`
}

// Failure is what the driver answers to a command that failed (§6.6).
type Failure struct {
	Status  int    `json:"-"`
	Code    string `json:"error"`
	Message string `json:"message"`
}

// Error gives the driver's words.
func (f *Failure) Error() string {
	return fmt.Sprintf("webdriver: %d %s: %s", f.Status, f.Code, f.Message)
}

// Open starts a session at a driver that listens at address, with a Chromium that is given the arguments.
// Certificates are not checked: those of tests are their own.
func Open(ctx context.Context, address string, arguments ...string) (*Browser, error) {
	browser := &Browser{base: address, http: http.Client{Timeout: callTimeout}}
	wanted := map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"acceptInsecureCerts":     true,
		"goog:chromeOptions":      map[string]any{"args": arguments},
		"goog:loggingPrefs":       map[string]any{"browser": "ALL"},
		"timeouts":                map[string]any{"script": 20_000, "pageLoad": 30_000, "implicit": 5_000},
		"unhandledPromptBehavior": "dismiss",
	}}}
	var session struct {
		ID string `json:"sessionId"`
	}
	if err := browser.call(ctx, http.MethodPost, "/session", wanted, &session); err != nil {
		return nil, err
	}
	browser.base += "/session/" + url.PathEscape(session.ID)
	return browser, nil
}

// Close ends the session and the browser with it.
func (b *Browser) Close(ctx context.Context) error {
	return b.call(ctx, http.MethodDelete, "", nil, nil)
}

// Visit opens an address and waits until its page has loaded.
func (b *Browser) Visit(ctx context.Context, address string) error {
	return b.call(ctx, http.MethodPost, "/url", map[string]any{"url": address}, nil)
}

// Address is that of the page that is shown.
func (b *Browser) Address(ctx context.Context) (address string, err error) {
	err = b.call(ctx, http.MethodGet, "/url", nil, &address)
	return address, err
}

// Run runs the body of a function in the page and gives what it returns; a promise is waited for (§13.2).
// The script finds the arguments in its arguments.
func (b *Browser) Run(ctx context.Context, result any, script string, arguments ...any) error {
	if arguments == nil {
		arguments = []any{}
	}
	return b.call(ctx, http.MethodPost, "/execute/sync", map[string]any{"script": script, "args": arguments}, result)
}

// Enter makes the commands that follow go to the page inside the nth frame of the present one, counted from 0.
func (b *Browser) Enter(ctx context.Context, frame int) error {
	return b.call(ctx, http.MethodPost, "/frame", map[string]any{"id": frame}, nil)
}

// Leave makes the commands that follow go to the page as a whole again.
func (b *Browser) Leave(ctx context.Context) error {
	return b.call(ctx, http.MethodPost, "/frame", map[string]any{"id": nil}, nil)
}

// Text is the visible text of the first element that a CSS selector finds.
func (b *Browser) Text(ctx context.Context, selector string) (text string, err error) {
	element, err := b.find(ctx, selector)
	if err != nil {
		return "", err
	}
	err = b.call(ctx, http.MethodGet, element+"/text", nil, &text)
	return text, err
}

// Click clicks the first element that a CSS selector finds, as a person would.
func (b *Browser) Click(ctx context.Context, selector string) error {
	element, err := b.find(ctx, selector)
	if err != nil {
		return err
	}
	return b.call(ctx, http.MethodPost, element+"/click", struct{}{}, nil)
}

// Type types a text into the first element that a CSS selector finds.
func (b *Browser) Type(ctx context.Context, selector, text string) error {
	element, err := b.find(ctx, selector)
	if err != nil {
		return err
	}
	return b.call(ctx, http.MethodPost, element+"/value", map[string]any{"text": text}, nil)
}

func (b *Browser) find(ctx context.Context, selector string) (path string, err error) {
	var found map[string]string
	err = b.call(ctx, http.MethodPost, "/element", map[string]any{"using": "css selector", "value": selector}, &found)
	return "/element/" + url.PathEscape(found[elementKey]), err
}

// Cookies are those that go with the address of the page that is shown.
func (b *Browser) Cookies(ctx context.Context) (cookies []Cookie, err error) {
	err = b.call(ctx, http.MethodGet, "/cookie", nil, &cookies)
	return cookies, err
}

// Complaints are the lines that came to the console since they were last asked for.
func (b *Browser) Complaints(ctx context.Context) (complaints []Complaint, err error) {
	err = b.call(ctx, http.MethodPost, "/se/log", map[string]any{"type": "browser"}, &complaints)
	return complaints, err
}

// call sends a command and reads the value of its answer into result, unless that is nil.
func (b *Browser) call(ctx context.Context, method, path string, body, result any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("webdriver: write a command: %w", err)
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, b.base+path, sent)
	if err != nil {
		return fmt.Errorf("webdriver: %w", err)
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	response, err := b.http.Do(request)
	if err != nil {
		return fmt.Errorf("webdriver: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // read to its end, or given up
	var answer struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("webdriver: read the answer to %s %s: %w", method, path, err)
	}
	if response.StatusCode != http.StatusOK {
		failure := &Failure{Status: response.StatusCode}
		if err := json.Unmarshal(answer.Value, failure); err != nil {
			return fmt.Errorf("webdriver: read a failure of status %d: %w", response.StatusCode, err)
		}
		return failure
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Value, result); err != nil {
		return fmt.Errorf("webdriver: read the value of %s %s: %w", method, path, err)
	}
	return nil
}
