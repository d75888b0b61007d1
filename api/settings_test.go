package api_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/core/mail"
)

// TestContractNamesTheHarmlessNotices holds the contract, and what is made of a request, against the domain's
// table of notices that may be muted.
func TestContractNamesTheHarmlessNotices(t *testing.T) {
	t.Parallel()
	var want []string
	body, call := "", "settings"
	for _, kind := range mail.HarmlessKinds() {
		want = append(want, string(kind))
		body += `,"` + string(kind) + `":false`
		call += " " + string(kind) + "=false"
	}
	for _, schema := range []string{"NotificationSettings", "UpdateNotificationSettings"} {
		found := contract(t).Components.Schemas[schema].Value.Properties
		if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
			t.Errorf("%s names %v, harmless are %v", schema, got, want)
		}
	}
	c, w := open(t, api.Options{})
	c.do("PATCH", "/v1/me/settings", `{"notifications":{`+body[1:]+`}}`, as("good")...)
	if got := w.said(); got != call {
		t.Errorf("reached %q, want %q", got, call)
	}
}

func TestSettingsThatDoNotExist(t *testing.T) {
	t.Parallel()
	c, w := open(t, api.Options{})
	for body, want := range map[string]string{
		`{"notifications":{"password_changed":false}}`:                 "notifications.password_changed:unknown_field",
		`{"notifications":{"hologram":false,"session_evicted":false}}`: "notifications.hologram:unknown_field",
		`{"notifications":{"session_evicted":"no"}}`:                   "notifications.session_evicted:invalid_format",
		`{"notifications":[]}`:                                         "notifications:invalid_format",
		`{"colour":"dark"}`:                                            "colour:unknown_field",
		`{"theme":1,"visibility":[]}`:                                  "theme:invalid_format visibility:invalid_format",
		`{"language":"` + strings.Repeat("a", 36) + `"}`:               "language:too_long",
		`{"always_ask_second_factor":1}`:                               "always_ask_second_factor:invalid_format",
		`{}`:                                                           "body:required",
	} {
		if got := c.do("PATCH", "/v1/me/settings", body, as("good")...).flaws(t); got != want {
			t.Errorf("%s is answered %q, want %q", body, got, want)
		}
	}
	if call := w.said(); call != "" {
		t.Errorf("reached %q", call)
	}
}
