package account

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/audit"
	"github.com/doorward/doorward/core/mail"
)

// The names of settings in the API, as field errors, letters and the audit say them.
const (
	settingAlwaysAsk = "always_ask_second_factor"
	settingNotices   = "notifications"

	settingTheme      = "theme"
	settingLanguage   = "language"
	settingTimezone   = "timezone"
	settingVisibility = "visibility"
)

// SettingsChange is a partial update of what a person chooses about their account: nil and absent members leave
// a setting as it is, a pointer to the empty text puts its default back. Notices tells of kinds of letters whether they
// are wanted.
type SettingsChange struct {
	AlwaysAsk *bool
	Notices   map[mail.Kind]bool
	Theme     *string
	// Language is the locale of the profile, under the name that settings have for it.
	Language   *string
	Timezone   *string
	Visibility *Visibility
}

// Wants reports whether the user is sent letters of the kind.
func (u User) Wants(kind mail.Kind) bool {
	return !mail.Harmless(kind) || !slices.Contains(u.Protection.Muted, string(kind))
}

// UpdateSettings changes the caller's settings, and gives the user as they are then. What weakens the account is
// told by mail and wants a recent sign-in: to mute a notice, any; no longer to ask always for the second factor, one
// by a strong second factor where there is one. What strengthens it wants neither, so that nothing stands between a
// person and their safety; how products look, and who sees the profile, guards nothing. Errors: KindInvalid with every
// field that breaks a rule, core.CodeReauthentication.
func (s *Service) UpdateSettings(
	ctx context.Context, principal core.Principal, change SettingsChange,
) (user User, err error) {
	if err = change.check(); err != nil {
		return User{}, err
	}
	err = core.Commit(ctx, s.deps.Tx, s.deps.Announcer, func(ctx context.Context) ([]core.Change, error) {
		var before User
		var saved core.Change
		user, saved, err = Edit(ctx, s.deps.Users, principal.UserID, func(user *User) error {
			before = *user
			user.Protection = change.apply(before.Protection)
			if err := change.prefer(user); err != nil {
				return err
			}
			if user.setSince(before) {
				user.UpdatedAt = s.deps.Clock.Now()
			}
			return s.permitWeaker(principal, *user, user.Protection.weakerThan(before.Protection))
		})
		if err != nil {
			return nil, err
		}
		return []core.Change{saved}, s.tellSettings(ctx, principal, user, before)
	})
	if err != nil {
		return User{}, s.deps.Trail.Refuse(ctx, own(audit.ActionSettingsUpdate, principal), err)
	}
	return user, nil
}

// permitWeaker refuses a caller who weakens their account without the proof that this wants.
func (s *Service) permitWeaker(principal core.Principal, user User, weakened []string) error {
	switch {
	case slices.Contains(weakened, settingAlwaysAsk):
		return user.RequireStrongProof(principal, s.deps.Clock.Now(), s.config.RecentWindow)
	case len(weakened) > 0:
		return user.RequireProof(principal, s.deps.Clock.Now(), s.config.RecentWindow)
	}
	return nil
}

// tellSettings writes a change of the settings down, and tells the user of what weakens their account. Who sees the
// profile from now on stands in the event; of the other preferences only which ones have changed.
func (s *Service) tellSettings(ctx context.Context, principal core.Principal, user, before User) error {
	weakened := user.Protection.weakerThan(before.Protection)
	event := own(audit.ActionSettingsUpdate, principal)
	event.Metadata = make(map[string]string)
	for key, names := range map[string][]string{
		"turned_off": weakened, "turned_on": before.Protection.weakerThan(user.Protection), "fields": user.preferredSince(before),
	} {
		if len(names) > 0 {
			event.Metadata[key] = strings.Join(names, " ")
		}
	}
	if user.Preferences.Visibility != before.Preferences.Visibility {
		event.Metadata[settingVisibility] = string(user.Preferences.Visibility)
	}
	if err := s.deps.Trail.Record(ctx, event); err != nil || len(weakened) == 0 {
		return err
	}
	letter := s.letter(ctx, mail.KindSecuritySettingsChanged, user)
	letter.TurnedOff = weakened
	return s.deps.Post.Post(ctx, letter)
}

func (c SettingsChange) check() error {
	var violations core.Violations
	for _, kind := range slices.Sorted(maps.Keys(c.Notices)) {
		if !mail.Harmless(kind) {
			violations.AddFields(core.FieldError{
				Field: settingNotices + "." + string(kind), Code: core.CodeNotAllowed, Message: "This notice cannot be turned off.",
			})
		}
	}
	return violations.Err()
}

// apply gives the protection after the change. The notices are written anew, so that what is no harmless kind
// any more is forgotten.
func (c SettingsChange) apply(to Protection) Protection {
	if c.AlwaysAsk != nil {
		to.AlwaysAsk = *c.AlwaysAsk
	}
	var muted []string
	for _, kind := range mail.HarmlessKinds() {
		wanted, chosen := c.Notices[kind]
		if chosen && !wanted || !chosen && slices.Contains(to.Muted, string(kind)) {
			muted = append(muted, string(kind))
		}
	}
	to.Muted = muted
	return to
}

// prefer sets what the person prefers, in its normal form. KindInvalid with every field that breaks a rule.
func (c SettingsChange) prefer(user *User) error {
	replace(&user.Preferences.Theme, c.Theme)
	replace(&user.Preferences.Timezone, c.Timezone)
	if c.Visibility != nil {
		user.Preferences.Visibility = *c.Visibility
	}
	user.Preferences.Visibility = cmp.Or(user.Preferences.Visibility, VisibilityPrivate)
	var violations core.Violations
	if c.Language != nil {
		user.Profile.Locale = *c.Language
		if err := user.Profile.normalizeLocale(); err != nil {
			err.Field = settingLanguage
			violations.AddFields(*err)
		}
	}
	violations.AddFields(user.Preferences.check()...)
	return violations.Err()
}

// setSince reports whether a setting is another than before.
func (u User) setSince(before User) bool {
	return len(u.preferredSince(before)) > 0 ||
		len(u.Protection.weakerThan(before.Protection)) > 0 || len(before.Protection.weakerThan(u.Protection)) > 0
}

// preferredSince names the preferences that are others than before, in the order of the API.
func (u User) preferredSince(before User) (names []string) {
	for _, setting := range []struct {
		name    string
		changed bool
	}{
		{settingTheme, u.Preferences.Theme != before.Preferences.Theme},
		{settingLanguage, u.Profile.Locale != before.Profile.Locale},
		{settingTimezone, u.Preferences.Timezone != before.Preferences.Timezone},
		{settingVisibility, u.Preferences.Visibility != before.Preferences.Visibility},
	} {
		if setting.changed {
			names = append(names, setting.name)
		}
	}
	return names
}

// weakerThan names the settings by which p guards less than before, in the order of the API.
func (p Protection) weakerThan(before Protection) (names []string) {
	if before.AlwaysAsk && !p.AlwaysAsk {
		names = append(names, settingAlwaysAsk)
	}
	for _, kind := range p.Muted {
		if !slices.Contains(before.Muted, kind) {
			names = append(names, kind)
		}
	}
	return names
}
