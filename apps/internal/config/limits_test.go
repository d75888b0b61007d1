package config_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/core/limit"
)

func TestLimitsAreRead(t *testing.T) {
	t.Parallel()
	settings, err := config.Parse(map[string]string{"RATE_LIMIT_LOGIN": "7/90s", "RATE_LIMITS": "off"})
	if err != nil {
		t.Fatal(err)
	}
	if want := (limit.Limit{Burst: 7, Period: 90 * time.Second}); settings.Limits.LoginLimit != want || !settings.Limits.Off() {
		t.Errorf("read %+v", settings.Limits)
	}
	if want := (limit.Limit{Burst: 3, Period: 15 * time.Minute}); settings.Limits.SendLimit != want {
		t.Errorf("the default of RATE_LIMIT_SEND is %v", settings.Limits.SendLimit)
	}
}

func TestLimitsThatDoNotRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, value, problem string }{
		{"RATE_LIMIT_LOGIN", "5", "RATE_LIMIT_LOGIN does not read as a limit such as 5/1m, of 1 to 1000000 in 1s to 24h."},
		{"RATE_LIMIT_ADDRESS", "0/1m", "RATE_LIMIT_ADDRESS does not read as a limit such as 5/1m, of 1 to 1000000 in 1s to 24h."},
		{"RATE_LIMITS", "false", "RATE_LIMITS is on or off."},
	} {
		_, err := config.Parse(map[string]string{test.name: test.value})
		var invalid config.Invalid
		if !errors.As(err, &invalid) || !slices.Equal(invalid.Problems, []string{test.problem}) {
			t.Errorf("%s=%s: %v", test.name, test.value, err)
		}
	}
}
