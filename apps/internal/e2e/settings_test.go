package e2e_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/doorward/doorward/api/client"
	"github.com/doorward/doorward/core/mail"
)

// settings asks for the person's settings.
func (p *person) settings(n *node) client.Settings {
	p.t.Helper()
	return *must[*client.GetSettingsResponse](p.t, 200)(p.at(n).GetSettingsWithResponse(p.t.Context())).JSON200
}

// What a person has chosen is the same on all of their devices, and what is left out of a change stays.
func TestSettings(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		elsewhere := ada.another(n)
		want := client.Settings{
			Notifications: client.NotificationSettings{AlreadyRegistered: true, DeviceTrusted: true, SessionEvicted: true},
			Theme:         client.ThemeSystem, Visibility: client.VisibilityPrivate,
			Language: nullable.NewNullNullable[string](), Timezone: nullable.NewNullNullable[string](),
		}
		same(t, "settings of a new account", ada.settings(n), want)
		want.AlwaysAskSecondFactor, want.Notifications.SessionEvicted = true, false
		same(t, "settings after a change", ada.choose(n, func(to *client.UpdateSettingsRequest) {
			to.AlwaysAskSecondFactor.Set(true)
			to.Notifications.SessionEvicted.Set(false)
		}), want)
		same(t, "settings elsewhere", elsewhere.settings(n), want)
		want.AlwaysAskSecondFactor, want.Notifications.DeviceTrusted = false, false
		same(t, "settings after another change", elsewhere.choose(n, func(to *client.UpdateSettingsRequest) {
			to.AlwaysAskSecondFactor.SetNull()
			to.Notifications.DeviceTrusted.Set(false)
		}), want)
		same(t, "settings where it began", ada.settings(n), want)
	})
}

// To weaken the account wants a recent sign-in; to strengthen it does not.
func TestSettingsWantARecentSignIn(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		var muting client.UpdateSettingsRequest
		muting.Notifications.DeviceTrusted.Set(false)
		var stale *client.Error
		eventually(t, "the sign-in is not recent any more", func() bool {
			ada.choose(n, func(to *client.UpdateSettingsRequest) { to.Notifications.DeviceTrusted.Set(true) })
			reply, err := ada.at(n).UpdateSettingsWithResponse(t.Context(), muting)
			if err != nil {
				t.Fatal(err)
			}
			return errors.As(client.Failure(reply), &stale)
		})
		same(t, "code", stale.Code, client.ProblemCodeReauthenticationRequired)
		same(t, "factors", stale.Factors, []string{"password"})
		same(t, "what was refused", ada.settings(n).Notifications.DeviceTrusted, true)
		ada.choose(n, func(to *client.UpdateSettingsRequest) { to.AlwaysAskSecondFactor.Set(true) })
		proven := must[*client.ReauthenticateResponse](t, 200)(ada.at(n).ReauthenticateWithResponse(t.Context(),
			client.ReauthenticateRequest{Password: ada.password})).JSON200
		ada.keep(*proven)
		must[*client.UpdateSettingsResponse](t, 200)(ada.at(n).UpdateSettingsWithResponse(t.Context(), muting))
	}, "REAUTHENTICATION_TTL", (3 * time.Second).String())
}

// A muted notice is not sent; the one that a later act is told by is there, so it is not merely late.
func TestMutedNoticesAreNotSent(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		ada.choose(n, func(to *client.UpdateSettingsRequest) { to.Notifications.SessionEvicted.Set(false) })
		newest := ada.another(n).another(n)
		ada.mustBeOut(n)
		var change client.UpdateMeRequest
		change.Username.Set(s.newPerson(t).username)
		must[*client.UpdateMeResponse](t, 200)(newest.at(n).UpdateMeWithResponse(t.Context(), change))
		s.await(t, ada.email, mail.KindUsernameChanged, 1)
		s.await(t, ada.email, mail.KindNewDevice, 2)
		if slices.ContainsFunc(s.letters.all(t, ada.email), func(l letter) bool { return l.subject == subjects[mail.KindSessionEvicted] }) {
			t.Error("a muted notice was sent")
		}
	}, "SESSION_LIMIT", "2")
}

// What a person prefers is kept; the language is the locale of the profile, whichever of the two is changed; and that the
// profile is shown to others stands in the person's history.
func TestPreferences(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, s *site) {
		n := s.start()
		ada := s.newPerson(t).signUp(n)
		set := ada.choose(n, func(to *client.UpdateSettingsRequest) {
			to.Theme.Set("dark")
			to.Language.Set("de-at")
			to.Timezone.Set("Europe/Vienna")
			to.Visibility.Set("public")
		})
		same(t, "settings", []any{set.Theme, set.Language.MustGet(), set.Timezone.MustGet(), set.Visibility},
			[]any{"dark", "de-AT", "Europe/Vienna", "public"})
		history := ada.history(n)
		told := history[len(history)-1]
		same(t, "what is told", []any{told.Action, told.Metadata["visibility"]}, []any{"account.update_settings", "public"})
		me := must[*client.GetMeResponse](t, 200)(ada.at(n).GetMeWithResponse(t.Context())).JSON200
		same(t, "locale", me.User.Locale.MustGet(), "de-AT")
		var change client.UpdateMeRequest
		change.Locale.Set("pt-BR")
		must[*client.UpdateMeResponse](t, 200)(ada.at(n).UpdateMeWithResponse(t.Context(), change))
		same(t, "language", ada.settings(n).Language.MustGet(), "pt-BR")
		var wrong client.UpdateSettingsRequest
		wrong.Timezone.Set("Local")
		wrong.Theme.Set("pink")
		failure := mustFail[*client.UpdateSettingsResponse](t, client.ProblemCodeInvalidInput)(
			ada.at(n).UpdateSettingsWithResponse(t.Context(), wrong))
		same(t, "what is wrong", []any{failure.Errors[0].Field, failure.Errors[1].Field}, []any{"theme", "timezone"})
		set = ada.choose(n, func(to *client.UpdateSettingsRequest) {
			to.Theme.SetNull()
			to.Language.SetNull()
			to.Timezone.SetNull()
			to.Visibility.SetNull()
		})
		same(t, "defaults", []any{set.Theme, set.Language.IsNull(), set.Timezone.IsNull(), set.Visibility},
			[]any{"system", true, true, "private"})
	})
}
