package webdriver_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/doorward/doorward/apps/internal/webdriver"
)

// asDriver makes the test program play a driver that Launch starts.
const asDriver = "WEBDRIVER_TEST_PLAY"

func TestMain(m *testing.M) {
	play := os.Getenv(asDriver)
	if play == "" {
		os.Exit(m.Run())
	}
	if play == "broken" {
		os.Exit(3)
	}
	flags := flag.NewFlagSet("driver", flag.ExitOnError)
	port := flags.String("port", "", "")
	_ = flags.Parse(os.Args[1:])
	//nolint:gosec // it lives as long as a test
	_ = http.ListenAndServe("127.0.0.1:"+*port, &fake{})
}

// fake is a driver that knows what it will be asked.
type fake struct {
	asked []string
}

// answers are the values of the commands.
var answers = map[string]string{
	"GET /status":                          `{"ready":true,"message":""}`,
	"POST /session":                        `{"sessionId":"s1","capabilities":{"browserName":"chrome"}}`,
	"DELETE /session/s1":                   `null`,
	"POST /session/s1/url":                 `null`,
	"GET /session/s1/url":                  `"https://localhost/app"`,
	"POST /session/s1/execute/sync":        `{"status":200}`,
	"POST /session/s1/element":             `{"element-6066-11e4-a52e-4f735466cecf":"e/1"}`,
	"GET /session/s1/element/e%2F1/text":   `"Done"`,
	"POST /session/s1/element/e%2F1/click": `null`,
	"POST /session/s1/element/e%2F1/value": `null`,
	"POST /session/s1/frame":               `null`,
	"GET /session/s1/cookie":               `[{"name":"a","value":"b","path":"/","domain":"localhost","secure":true,"httpOnly":true,"sameSite":"Lax","expiry":1}]`,
	"POST /session/s1/se/log":              `[{"level":"SEVERE","source":"security","message":"refused","timestamp":1}]`,
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	command := r.Method + " " + r.URL.EscapedPath()
	f.asked = append(f.asked, strings.TrimSpace(command+" "+string(body)))
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	value, known := answers[command]
	switch {
	case strings.Contains(string(body), "#missing"):
		w.WriteHeader(http.StatusNotFound)
		value = `{"error":"no such element","message":"nothing is #missing","stacktrace":""}`
	case !known:
		w.WriteHeader(http.StatusNotFound)
		value = `{"error":"unknown command","message":"","stacktrace":""}`
	}
	_, _ = fmt.Fprintf(w, `{"value":%s}`, value)
}

func open(t *testing.T) (*webdriver.Browser, *fake) {
	t.Helper()
	driver := &fake{}
	server := httptest.NewServer(driver)
	t.Cleanup(server.Close)
	browser, err := webdriver.Open(t.Context(), server.URL, "--headless", "--no-sandbox")
	if err != nil {
		t.Fatal(err)
	}
	return browser, driver
}

// TestOpen asks for a browser with the arguments, whose console is kept and whose certificates are not checked.
func TestOpen(t *testing.T) {
	t.Parallel()
	_, driver := open(t)
	_, body, _ := strings.Cut(driver.asked[0], "/session ")
	var sent struct {
		Capabilities struct{ AlwaysMatch map[string]any }
	}
	if err := json.Unmarshal([]byte(body), &sent); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"acceptInsecureCerts": true,
		"goog:chromeOptions":  map[string]any{"args": []any{"--headless", "--no-sandbox"}},
		"goog:loggingPrefs":   map[string]any{"browser": "ALL"},
	} {
		if got := sent.Capabilities.AlwaysMatch[name]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestCommands sends each command as the protocol writes it and reads its answer.
func TestCommands(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		call func(ctx context.Context, b *webdriver.Browser) (any, error)
		sent string
		want any
	}{
		{"visit", func(ctx context.Context, b *webdriver.Browser) (any, error) { return nil, b.Visit(ctx, "https://a/") }, `POST /session/s1/url {"url":"https://a/"}`, nil},
		{"address", func(ctx context.Context, b *webdriver.Browser) (any, error) { return b.Address(ctx) }, "GET /session/s1/url", "https://localhost/app"},
		{"run", func(ctx context.Context, b *webdriver.Browser) (any, error) {
			var got struct{ Status int }
			err := b.Run(ctx, &got, "return arguments[0]", "x")
			return got.Status, err
		}, `POST /session/s1/execute/sync {"args":["x"],"script":"return arguments[0]"}`, 200},
		{"run without arguments", func(ctx context.Context, b *webdriver.Browser) (any, error) { return nil, b.Run(ctx, nil, "1") }, `POST /session/s1/execute/sync {"args":[],"script":"1"}`, nil},
		{"enter", func(ctx context.Context, b *webdriver.Browser) (any, error) { return nil, b.Enter(ctx, 2) }, `POST /session/s1/frame {"id":2}`, nil},
		{"leave", func(ctx context.Context, b *webdriver.Browser) (any, error) { return nil, b.Leave(ctx) }, `POST /session/s1/frame {"id":null}`, nil},
		{"text", func(ctx context.Context, b *webdriver.Browser) (any, error) { return b.Text(ctx, "h1") }, "GET /session/s1/element/e%2F1/text", "Done"},
		{"click", func(ctx context.Context, b *webdriver.Browser) (any, error) { return nil, b.Click(ctx, "button") }, "POST /session/s1/element/e%2F1/click {}", nil},
		{"type", func(ctx context.Context, b *webdriver.Browser) (any, error) { return nil, b.Type(ctx, "input", "pw") }, `POST /session/s1/element/e%2F1/value {"text":"pw"}`, nil},
		{
			"cookies", func(ctx context.Context, b *webdriver.Browser) (any, error) { return b.Cookies(ctx) }, "GET /session/s1/cookie",
			[]webdriver.Cookie{{Name: "a", Value: "b", Path: "/", Domain: "localhost", Secure: true, HTTPOnly: true, SameSite: "Lax"}},
		},
		{
			"complaints", func(ctx context.Context, b *webdriver.Browser) (any, error) { return b.Complaints(ctx) },
			`POST /session/s1/se/log {"type":"browser"}`,
			[]webdriver.Complaint{{Level: "SEVERE", Source: "security", Message: "refused"}},
		},
		{"close", func(ctx context.Context, b *webdriver.Browser) (any, error) { return nil, b.Close(ctx) }, "DELETE /session/s1", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			browser, driver := open(t)
			got, err := test.call(t.Context(), browser)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("%v, %v; want %v", got, err, test.want)
			}
			if sent := driver.asked[len(driver.asked)-1]; sent != test.sent {
				t.Errorf("sent %s, want %s", sent, test.sent)
			}
		})
	}
}

// TestFailures gives the driver's words, and tells of answers that are none.
func TestFailures(t *testing.T) {
	t.Parallel()
	browser, _ := open(t)
	var failure *webdriver.Failure
	for _, err := range []error{browser.Click(t.Context(), "#missing"), browser.Type(t.Context(), "#missing", "x")} {
		if !errors.As(err, &failure) || failure.Code != "no such element" || failure.Status != http.StatusNotFound {
			t.Errorf("%v", err)
		}
	}
	var number int
	if err := browser.Run(t.Context(), &number, "return {}"); err == nil {
		t.Error("an object was read as a number")
	}
	garbled := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }))
	defer garbled.Close()
	if _, err := webdriver.Open(t.Context(), garbled.URL); err == nil {
		t.Error("a page was read as an answer")
	}
}

// TestLaunch starts a driver program, which is this one in another role, waits for it and stops it.
func TestLaunch(t *testing.T) {
	t.Setenv(asDriver, "well")
	driver, err := webdriver.Launch(t.Context(), os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	browser, err := webdriver.Open(t.Context(), driver.Address)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(browser.Visit(t.Context(), "https://a/"), browser.Close(t.Context()), driver.Stop()); err != nil {
		t.Error(err)
	}
	if err := browser.Visit(t.Context(), "https://a/"); err == nil {
		t.Error("the driver still answers")
	}
	t.Setenv(asDriver, "broken")
	if _, err := webdriver.Launch(t.Context(), os.Args[0]); err == nil || !strings.Contains(err.Error(), "ended before it was ready") {
		t.Errorf("a driver that fails: %v", err)
	}
	if _, err := webdriver.Launch(t.Context(), "/nowhere/driver"); err == nil {
		t.Error("a driver that does not exist was started")
	}
}
