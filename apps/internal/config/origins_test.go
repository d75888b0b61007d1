package config_test

import (
	"slices"
	"testing"

	"github.com/doorward/doorward/apps/internal/config"
)

func TestOriginsMayCall(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		app, front, origins string
		want                []string
	}{
		"no front end":           {"https://accounts.example.com", "", "", nil},
		"the same origin":        {"https://example.com/accounts", "https://EXAMPLE.com:443/app", "", nil},
		"a front end":            {"https://accounts.example.com", "https://app.example.com:443/x", "", []string{"https://app.example.com"}},
		"a list takes its place": {"https://a.example", "https://b.example", "https://c.example,http://localhost:3000", []string{"https://c.example", "http://localhost:3000"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings, err := config.Parse(map[string]string{"APP_URL": test.app, "FRONTEND_URL": test.front, "CORS_ORIGINS": test.origins})
			if err != nil || !slices.Equal(settings.Server.CORSOrigins, test.want) {
				t.Errorf("%v, %v; want %v", settings.Server.CORSOrigins, err, test.want)
			}
		})
	}
}

func TestWhatIsNoOriginIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"*", "null", "https://*.example.com", "https://app.example.com/", "https://app.example.com/x", "https://app.example.com:443",
		"https://App.example.com", "app.example.com", "https://u@app.example.com", "https://a.example, https://b.example", "file:///x",
	} {
		if _, err := config.Parse(map[string]string{"CORS_ORIGINS": text}); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
