package api_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core/coretest"
)

var errAway = errors.New("connection refused")

func probe(name string, critical bool, err error) api.Probe {
	return api.Probe{Name: name, Critical: critical, Check: func(context.Context) (map[string]float64, error) {
		return map[string]float64{"waiting": 3}, err
	}}
}

// openHealth makes clients of both listeners over the same probes.
func openHealth(t *testing.T, health *api.Health) (public, private *client) {
	t.Helper()
	deps := (&world{}).deps()
	deps.Health = health
	deps.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("requests 1\n")) })
	app, err := api.New(deps, api.Options{Version: "v1"})
	public = newClient(t, app, err)
	app, err = api.NewAdmin(deps, api.Options{Version: "v1"})
	return public, newClient(t, app, err)
}

// TestHealth tells the whole from its parts.
func TestHealth(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name           string
		db, cache      error
		health, ready  int
		status, checks string
	}{
		{"all well", nil, nil, 200, 200, `"status":"ok"`, `"cache":"ok","db":"ok"`},
		{"cache away", nil, errAway, 200, 200, `"status":"degraded"`, `"cache":"down","db":"ok"`},
		{"database away", errAway, nil, 503, 503, `"status":"down"`, `"cache":"ok","db":"down"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			health := api.NewHealth(coretest.NewClock(), probe("db", true, test.db), probe("cache", false, test.cache))
			public, private := openHealth(t, health)
			for _, c := range []*client{public, private} {
				got := c.do("GET", "/health", "")
				if body := string(got.body); got.StatusCode != test.health || !strings.Contains(body, test.status) || !strings.Contains(body, test.checks) {
					t.Errorf("%d %s", got.StatusCode, got.body)
				}
				if strings.Contains(string(got.body), "refused") {
					t.Errorf("the cause is public: %s", got.body)
				}
				if got := c.do("GET", "/health/ready", ""); got.StatusCode != test.ready {
					t.Errorf("ready: %d", got.StatusCode)
				}
				if got := c.do("GET", "/health/live", ""); got.StatusCode != http.StatusOK {
					t.Errorf("live: %d", got.StatusCode)
				}
			}
		})
	}
}

// TestDetailsArePrivate serves details and figures on the private listener alone.
func TestDetailsArePrivate(t *testing.T) {
	t.Parallel()
	health := api.NewHealth(coretest.NewClock(),
		probe("db", true, nil), probe("cache", false, errAway), probe("mail", false, nil), probe("storage", true, nil))
	public, private := openHealth(t, health)
	for path, want := range map[string]struct {
		status int
		holds  string
	}{
		"/health/db":      {200, `"latency_ms"`},
		"/health/cache":   {503, `"error":"connection refused"`},
		"/health/mail":    {200, `"facts":{"waiting":3}`},
		"/health/storage": {200, `"critical":true`},
		"/health/system":  {200, `"version":"v1"`},
		"/metrics":        {200, "requests 1"},
	} {
		got := private.do("GET", path, "")
		if got.StatusCode != want.status || !strings.Contains(string(got.body), want.holds) {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.body)
		}
		if path == "/metrics" {
			continue
		}
		if got := public.do("GET", path, "", as("good")...); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s in public: %d", path, got.StatusCode)
		}
	}
	request := httptest.NewRequest(http.MethodGet, "/v1/me", nil)
	request.Header.Set("Authorization", "Bearer good")
	accounts, err := private.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer accounts.Body.Close() //nolint:errcheck // nothing is lost
	if accounts.StatusCode != http.StatusNotFound {
		t.Errorf("accounts on the private listener: %d", accounts.StatusCode)
	}
}

// TestUnknownPart answers 404 where there is nothing to look at.
func TestUnknownPart(t *testing.T) {
	t.Parallel()
	_, private := openHealth(t, api.NewHealth(coretest.NewClock()))
	if got := private.do("GET", "/health/cache", ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// TestDrain fails readiness and closes connections, while requests are still answered.
func TestDrain(t *testing.T) {
	t.Parallel()
	health := api.NewHealth(coretest.NewClock(), probe("db", true, nil))
	public, _ := openHealth(t, health)
	if got := public.do("GET", "/v1/me", "", as("good")...); got.Close {
		t.Error("closes before it drains")
	}
	health.Drain()
	if got := public.do("GET", "/health/ready", ""); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("ready: %d", got.StatusCode)
	}
	if got := public.do("GET", "/health/live", ""); got.StatusCode != http.StatusOK {
		t.Errorf("live: %d", got.StatusCode)
	}
	if got := public.do("GET", "/v1/me", "", as("good")...); got.StatusCode != http.StatusOK || !got.Close {
		t.Errorf("%d, closes: %v", got.StatusCode, got.Close)
	}
}

// TestFindingsAreKept looks once a second, however many ask.
func TestFindingsAreKept(t *testing.T) {
	t.Parallel()
	var looked atomic.Int64
	clock := coretest.NewClock()
	health := api.NewHealth(clock, api.Probe{Name: "db", Check: func(ctx context.Context) (map[string]float64, error) {
		looked.Add(1)
		return nil, ctx.Err()
	}})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if found := health.Findings(gone); found[0].State != api.StateOK {
		t.Errorf("a caller who gave up makes the part look ill: %v", found[0].Err)
	}
	health.Findings(t.Context())
	clock.Advance(time.Second)
	health.Findings(t.Context())
	clock.Advance(-time.Hour)
	health.Findings(t.Context())
	if looked.Load() != 3 {
		t.Errorf("looked %d times", looked.Load())
	}
}

// TestLeavingIsNoFault wants the answers of a server that drains at the level of any other request, and those of
// one that is ill as errors.
func TestLeavingIsNoFault(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		db    error
		drain bool
		want  string
	}{
		"drains":         {nil, true, "level=INFO"},
		"ill":            {errAway, false, "level=ERROR"},
		"ill and drains": {errAway, true, "level=INFO"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			deps := (&world{}).deps()
			deps.Health = api.NewHealth(coretest.NewClock(), probe("db", true, test.db))
			deps.Log = slog.New(slog.NewTextHandler(&log, nil))
			app, err := api.New(deps, api.Options{})
			c := newClient(t, app, err)
			if test.drain {
				deps.Health.Drain()
			}
			if got := c.do("GET", "/health/ready", ""); got.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("ready: %d", got.StatusCode)
			}
			if line := log.String(); !strings.Contains(line, test.want) {
				t.Errorf("the log says %s", line)
			}
		})
	}
}
