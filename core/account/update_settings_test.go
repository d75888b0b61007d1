package account_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/mail"
)

func always(on bool) account.SettingsChange { return account.SettingsChange{AlwaysAsk: &on} }

func notice(kind mail.Kind, wanted bool) account.SettingsChange {
	return account.SettingsChange{Notices: map[mail.Kind]bool{kind: wanted}}
}

// TestSettingsThatWeakenWantARecentSignIn takes a person through all changes, each after the one before: told is
// what the letter about it names, and a letter is sent, and a recent sign-in wanted, for that alone.
func TestSettingsThatWeakenWantARecentSignIn(t *testing.T) {
	t.Parallel()
	m := join(t)
	both := account.SettingsChange{Notices: map[mail.Kind]bool{mail.KindSessionEvicted: false, mail.KindDeviceTrusted: true}}
	off := false
	both.AlwaysAsk = &off
	for _, step := range []struct {
		name   string
		change account.SettingsChange
		ask    bool
		muted  []string
		told   []string
	}{
		{"nothing", account.SettingsChange{}, false, nil, nil},
		{"what is off stays off", always(false), false, nil, nil},
		{"what is wanted stays wanted", notice(mail.KindDeviceTrusted, true), false, nil, nil},
		{"ask", always(true), true, nil, nil},
		{"mute", notice(mail.KindDeviceTrusted, false), true, []string{"device_trusted"}, []string{"device_trusted"}},
		{"mute again", notice(mail.KindDeviceTrusted, false), true, []string{"device_trusted"}, nil},
		{
			"one on, two off", both, false,
			[]string{"session_evicted"},
			[]string{"always_ask_second_factor", "session_evicted"},
		},
		{"hear again", notice(mail.KindSessionEvicted, true), false, nil, nil},
	} {
		before, letters := m.User(m.id), m.Letters(mail.KindSecuritySettingsChanged, ada)
		_, err := m.Account.UpdateSettings(m.Ctx, m.stale(), step.change)
		if (step.told != nil) != (err != nil) {
			t.Fatalf("%s: an old sign-in is answered %v", step.name, err)
		}
		if err != nil {
			m.Refused(err, errRecent())
			if diff := cmp.Diff(before, m.User(m.id)); diff != "" {
				t.Fatalf("%s: refused, and changed (-want +got):\n%s", step.name, diff)
			}
		}
		got, err := m.Account.UpdateSettings(m.Ctx, m.caller, step.change)
		m.Must(err)
		if diff := cmp.Diff(m.User(m.id), got); diff != "" {
			t.Errorf("%s: answered another than is stored (-want +got):\n%s", step.name, diff)
		}
		if got.Protection.AlwaysAsk != step.ask || !cmp.Equal(got.Protection.Muted, step.muted) {
			t.Errorf("%s: %+v", step.name, got.Protection)
		}
		sent := m.Letters(mail.KindSecuritySettingsChanged, ada) - letters
		if step.told == nil && sent != 0 || step.told != nil && sent != 1 {
			t.Errorf("%s: %d letters", step.name, sent)
		}
		if step.told != nil {
			if diff := cmp.Diff(step.told, m.Letter(mail.KindSecuritySettingsChanged, ada).TurnedOff); diff != "" {
				t.Errorf("%s: told (-want +got):\n%s", step.name, diff)
			}
		}
	}
	if m.Announced.Of(core.SubjectUser, m.id) == 0 {
		t.Error("replicas do not know of it")
	}
}

func TestCriticalNoticesCannotBeMuted(t *testing.T) {
	t.Parallel()
	m := join(t)
	before := m.User(m.id)
	_, err := m.Account.UpdateSettings(m.Ctx, m.caller, account.SettingsChange{Notices: map[mail.Kind]bool{
		mail.KindDeviceTrusted: false, mail.KindPasswordChanged: false, mail.KindNewDevice: true, "hologram": false,
	}})
	want := []core.FieldError{
		{Field: "notifications.hologram", Code: core.CodeNotAllowed, Message: "This notice cannot be turned off."},
		{Field: "notifications.new_device", Code: core.CodeNotAllowed, Message: "This notice cannot be turned off."},
		{Field: "notifications.password_changed", Code: core.CodeNotAllowed, Message: "This notice cannot be turned off."},
	}
	if diff := cmp.Diff(want, core.AsError(err).Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, m.User(m.id)); diff != "" {
		t.Errorf("a refused change changed (-want +got):\n%s", diff)
	}
}

// TestMutedNoticesAreNotSent mutes one kind by its setting and every kind in the store, as if a thief had got at
// the database: what is critical is sent all the same.
func TestMutedNoticesAreNotSent(t *testing.T) {
	t.Parallel()
	m := join(t)
	_, err := m.Account.UpdateSettings(m.Ctx, m.caller, notice(mail.KindAlreadyRegistered, false))
	m.Must(err)
	m.Register(ada, "")
	if sent := m.Letters(mail.KindAlreadyRegistered, ada); sent != 0 {
		t.Errorf("%d letters of a muted kind", sent)
	}
	_, _, err = account.Edit(m.Ctx, m.Users, m.id, func(user *account.User) error {
		user.Protection.Muted = []string{string(mail.KindDeactivated), string(mail.KindAlreadyRegistered)}
		return nil
	})
	m.Must(err)
	m.Must(m.Account.Deactivate(m.Ctx, m.caller))
	m.Letter(mail.KindDeactivated, ada)
}

func TestUsernameChangesAreTold(t *testing.T) {
	t.Parallel()
	text := func(text string) *string { return &text }
	for _, c := range []struct {
		name   string
		change account.ProfileChange
		told   int
	}{
		{"another field", account.ProfileChange{Name: text("Grace")}, 0},
		{"the same", account.ProfileChange{Username: text("countess")}, 0},
		{"another", account.ProfileChange{Username: text("grace")}, 1},
		{"none", account.ProfileChange{Username: text("")}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := join(t)
			_, err := m.Account.UpdateProfile(m.Ctx, m.caller, c.change)
			m.Must(err)
			if told := m.Letters(mail.KindUsernameChanged, ada); told != c.told {
				t.Errorf("%d letters, want %d", told, c.told)
			}
			if c.told == 0 {
				return
			}
			if from := m.Letter(mail.KindUsernameChanged, ada).IP; from != house.Client.IP.String() {
				t.Errorf("from %q", from)
			}
		})
	}
}

// TestSettingsRace lets many change different settings at once: none is lost.
func TestSettingsRace(t *testing.T) {
	t.Parallel()
	m := join(t)
	changes := []account.SettingsChange{
		always(true), notice(mail.KindDeviceTrusted, false), notice(mail.KindSessionEvicted, false),
		notice(mail.KindAlreadyRegistered, false),
	}
	for _, err := range house.Race(t, len(changes), func(i int) error {
		_, err := m.Account.UpdateSettings(m.Ctx, m.caller, changes[i])
		return err
	}) {
		m.Must(err)
	}
	got := m.User(m.id).Protection
	want := account.Protection{AlwaysAsk: true, Muted: []string{"already_registered", "device_trusted", "session_evicted"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("protection (-want +got):\n%s", diff)
	}
}

func settingsAct(_ *testing.T, m member) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		_, err := m.Account.UpdateSettings(ctx, m.caller, notice(mail.KindDeviceTrusted, false))
		return err
	}
}

func pointer[T any](value T) *T { return &value }

// TestPreferences takes a person through changes of how products look, each after the one before, with an old sign-in:
// they guard nothing.
func TestPreferences(t *testing.T) {
	t.Parallel()
	m := join(t)
	type preferred struct{ Theme, Language, Timezone, Visibility, Fields, Told string }
	for _, step := range []struct {
		name   string
		change account.SettingsChange
		want   preferred
	}{
		{"nothing", account.SettingsChange{}, preferred{Visibility: "private"}},
		{
			"all",
			account.SettingsChange{
				Theme: pointer("dark"), Language: pointer("pt-br"), Timezone: pointer("America/Sao_Paulo"),
				Visibility: pointer(account.VisibilityPublic),
			},
			preferred{"dark", "pt-BR", "America/Sao_Paulo", "public", "theme language timezone visibility", "public"},
		},
		{
			"the same again",
			account.SettingsChange{Theme: pointer("dark"), Visibility: pointer(account.VisibilityPublic)},
			preferred{"dark", "pt-BR", "America/Sao_Paulo", "public", "", ""},
		},
		{
			"one",
			account.SettingsChange{Timezone: pointer("UTC")},
			preferred{"dark", "pt-BR", "UTC", "public", "timezone", ""},
		},
		{
			"defaults",
			account.SettingsChange{
				Theme: pointer(""), Language: pointer(""), Timezone: pointer(""), Visibility: pointer(account.Visibility("")),
			},
			preferred{"", "", "", "private", "theme language timezone visibility", "private"},
		},
	} {
		got, err := m.Account.UpdateSettings(m.Ctx, m.stale(), step.change)
		m.Must(err)
		if diff := cmp.Diff(m.User(m.id), got); diff != "" {
			t.Errorf("%s: answered another than is stored (-want +got):\n%s", step.name, diff)
		}
		events := m.Log.All()
		told := events[len(events)-1].Metadata
		prefers := preferred{
			got.Preferences.Theme, got.Profile.Locale, got.Preferences.Timezone, string(got.Preferences.Visibility),
			told["fields"], told["visibility"],
		}
		if diff := cmp.Diff(step.want, prefers); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

// A change that changes nothing leaves no trace in when the account was changed.
func TestSettingsThatStayAreNoChange(t *testing.T) {
	t.Parallel()
	m := join(t)
	mute := account.SettingsChange{AlwaysAsk: pointer(true), Theme: pointer("dark"), Notices: notice(mail.KindDeviceTrusted, false).Notices}
	for _, step := range []struct {
		name    string
		change  account.SettingsChange
		changes bool
	}{
		{"nothing", account.SettingsChange{}, false},
		{"some", mute, true},
		{"the same", mute, false},
		{"a notice", notice(mail.KindDeviceTrusted, true), true},
		{"the question", always(false), true},
		{"the theme", account.SettingsChange{Theme: pointer("")}, true},
	} {
		before := m.User(m.id).UpdatedAt
		m.Later(time.Second)
		got, err := m.Account.UpdateSettings(m.Ctx, m.caller, step.change)
		m.Must(err)
		if changed := !got.UpdatedAt.Equal(before); changed != step.changes {
			t.Errorf("%s: changed %v, want %v", step.name, changed, step.changes)
		}
	}
}

func TestPreferencesThatDoNotExist(t *testing.T) {
	t.Parallel()
	m := join(t)
	before := m.User(m.id)
	for _, zone := range []string{
		"Local", "Mars/Olympus", "posixrules", "right/UTC", "posix/UTC", "../UTC", "/etc/localtime", "Europe/Berlin ", "europe/berlin",
		"utc", "Europe", "Europe/", strings.Repeat("A", 65), "Europe\\Berlin", "\x00",
	} {
		_, err := m.Account.UpdateSettings(m.Ctx, m.caller, account.SettingsChange{
			Theme: pointer("pink"), Language: pointer("not a language"), Timezone: &zone,
			Visibility: pointer(account.Visibility("friends")),
		})
		var fields []string
		for _, field := range core.AsError(err).Fields {
			fields = append(fields, field.Field+":"+string(field.Code))
		}
		want := []string{
			"language:invalid_format", "theme:unknown_value", "timezone:unknown_value", "visibility:unknown_value",
		}
		if diff := cmp.Diff(want, fields); diff != "" {
			t.Errorf("%q (-want +got):\n%s", zone, diff)
		}
	}
	if diff := cmp.Diff(before, m.User(m.id)); diff != "" {
		t.Errorf("a refused change changed (-want +got):\n%s", diff)
	}
}

func TestTimezones(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"UTC", "Europe/Berlin", "America/Argentina/ComodRivadavia", "Etc/GMT+12", "W-SU", "America/Port-au-Prince", "GMT0",
		"Antarctica/DumontDUrville", "EST5EDT", "Pacific/Chatham",
	} {
		zone, err := account.Timezone(name)
		if err != nil || zone.String() != name {
			t.Errorf("%s: %v %v", name, zone, err)
		}
	}
	if zone, err := account.Timezone(""); err == nil {
		t.Errorf("no name is %v", zone)
	}
}
