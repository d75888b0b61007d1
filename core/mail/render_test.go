package mail_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/mail"
)

var update = flag.Bool("update", false, "write the golden files anew")

var now = coretest.Epoch

func texts(t testing.TB) *mail.Catalog {
	t.Helper()
	catalog, err := mail.Texts()
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

func renderer(t testing.TB, catalog *mail.Catalog) *mail.Renderer {
	t.Helper()
	made, err := mail.NewRenderer(catalog, "Example", "https://app.example.com/account")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func letter(kind mail.Kind) mail.Letter {
	return mail.Letter{
		Kind: kind, To: "ada@example.org", Locale: "en", Name: "Ada Lovelace",
		Code: "042917", Token: "Zm9yIHRlc3RzIG9ubHk", ExpiresAt: now.Add(5 * time.Minute), LinkExpiresAt: now.Add(24 * time.Hour),
		Address: "countess@example.net", At: now, IP: "192.0.2.7", Place: "Frankfurt am Main, DE", Device: "Firefox on Linux",
		Factor: "totp", Count: 9, TurnedOff: []string{"always_ask_second_factor", "session_evicted"},
		Gained: []string{"ADMIN", "support"}, Lost: []string{"EDITOR"},
	}
}

func render(t testing.TB, letter mail.Letter) mail.Email {
	t.Helper()
	email, err := renderer(t, texts(t)).Render(core.ID{1}, letter, now)
	if err != nil {
		t.Fatal(err)
	}
	return email
}

// kinds reads the kinds from the source, so that none is forgotten.
func kinds(t testing.TB) []mail.Kind {
	t.Helper()
	source, err := os.ReadFile("letter.go")
	if err != nil {
		t.Fatal(err)
	}
	var found []mail.Kind
	for _, match := range regexp.MustCompile(`\tKind\w+\s+Kind = "(\w+)"`).FindAllSubmatch(source, -1) {
		found = append(found, mail.Kind(match[1]))
	}
	if len(found) < 12 {
		t.Fatalf("found only %v", found)
	}
	return found
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update if that is meant:\n%s", path, diff)
	}
}

func TestEveryKindRenders(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds(t) {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			email := render(t, letter(kind))
			golden(t, string(kind)+".txt", "Subject: "+email.Subject+"\nCode: "+email.Code+"\nLink: "+email.Link+"\n\n"+email.Text)
			golden(t, string(kind)+".html", email.HTML)
		})
	}
}

func TestLinksLeadBelowTheFrontEnd(t *testing.T) {
	t.Parallel()
	const token = "Zm9yIHRlc3RzIG9ubHk"
	paths := map[mail.Kind]string{
		mail.KindRegistration: "verify-email", mail.KindConfirmation: "verify-email", mail.KindEmailChange: "verify-email",
		mail.KindPasswordReset: "reset-password", mail.KindEmailChanged: "undo-email-change", mail.KindDeleted: "restore",
		mail.KindAccountLocked: "unlock", mail.KindInvitation: "reset-password", mail.KindPasswordResetForced: "reset-password",
	}
	for _, kind := range kinds(t) {
		want := ""
		if path, linked := paths[kind]; linked {
			want = "https://app.example.com/account/" + path + "?token=" + token
		}
		if got := render(t, letter(kind)).Link; got != want {
			t.Errorf("%s links to %q, want %q", kind, got, want)
		}
	}
}

func TestOnlyWhatIsStillGoodIsShown(t *testing.T) {
	t.Parallel()
	const code, token = "042917", "Zm9yIHRlc3RzIG9ubHk"
	cases := []struct {
		name             string
		kind             mail.Kind
		codeFor, linkFor time.Duration
		wants, lacks     []string
		expired          bool
	}{
		{"both good", mail.KindRegistration, 5 * time.Minute, 24 * time.Hour, []string{code, token, "5 minutes", "24 hours"}, nil, false},
		{"code past", mail.KindRegistration, -time.Second, 23 * time.Hour, []string{token, "23 hours"}, []string{code, "Enter this code"}, false},
		{"code about to go", mail.KindPasswordReset, 29 * time.Second, time.Hour, []string{token}, []string{code}, false},
		{"half a minute left", mail.KindPasswordReset, 30 * time.Second, -time.Hour, []string{code, "1 minute,"}, []string{token, "button"}, false},
		{"both past", mail.KindRegistration, -time.Second, -time.Second, nil, nil, true},
		{"a notice outlives its link", mail.KindEmailChanged, 0, -time.Second, []string{"was changed"}, []string{token, "undo it. That"}, false},
		{"days", mail.KindDeleted, 0, 30 * 24 * time.Hour, []string{"30 days", "31 March 2026, 12:00 UTC"}, nil, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sample := letter(c.kind)
			sample.ExpiresAt, sample.LinkExpiresAt = now.Add(c.codeFor), now.Add(c.linkFor)
			email, err := renderer(t, texts(t)).Render(core.ID{1}, sample, now)
			if (err == mail.ErrExpired) != c.expired { //nolint:errorlint // exactly this error is promised
				t.Fatalf("error is %v", err)
			}
			for _, part := range []string{email.Text, email.HTML} {
				for _, want := range c.wants {
					if !strings.Contains(part, want) {
						t.Errorf("%q is missing in\n%s", want, part)
					}
				}
				for _, lack := range c.lacks {
					if strings.Contains(part, lack) {
						t.Errorf("%q should not be in\n%s", lack, part)
					}
				}
			}
		})
	}
}

func TestWithoutAnEndNothingIsSaidOfOne(t *testing.T) {
	t.Parallel()
	sample := letter(mail.KindRegistration)
	sample.ExpiresAt, sample.LinkExpiresAt = time.Time{}, time.Time{}
	email := render(t, sample)
	if email.Code == "" || email.Link == "" || strings.Contains(email.Text, "is good for") {
		t.Errorf("got\n%s", email.Text)
	}
}

func TestStrangersPutNothingIntoOurLetters(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, greeting string }{
		{"Ada Lovelace", "Hello Ada Lovelace,"},
		{"  Ada \t\n Lovelace ", "Hello Ada Lovelace,"},
		{"J.R.R. Tolkien", "Hello J.R.R. Tolkien,"},
		{"Ada\r\nBcc: all@example.com", "Hello,"},
		{"{{.Token}}", "Hello,"},
		{"{{len}} {{ . }}", "Hello {{len}} {{ . }},"},
		{"<b>{{x}}", "Hello <b>{{x}},"},
		{"Win at https://evil.example", "Hello,"},
		{"Win at evil.example", "Hello,"},
		{"write to me@evil", "Hello,"},
		{"evil\u202emoc", "Hello evilmoc,"},
		{"a\x00b\x1b[31m", "Hello a b [31m,"},
		{strings.Repeat("é", 100), "Hello " + strings.Repeat("é", 63) + "…,"},
		{"محمد\u200cی", "Hello محمد\u200cی,"},
		{"", "Hello,"},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%.20q", c.name), func(t *testing.T) {
			t.Parallel()
			sample := letter(mail.KindRegistration)
			sample.Name = c.name
			email := render(t, sample)
			if !strings.Contains(email.Text, "\n"+c.greeting+"\n") {
				t.Errorf("the greeting is not %q in\n%s", c.greeting, email.Text)
			}
			if strings.Contains(email.HTML, "<b>") {
				t.Errorf("markup got through:\n%s", email.HTML)
			}
		})
	}
}

// TestEveryLetterSaysWhatToDoIfItWasSomebodyElse holds every letter to that advice, and every notice to when
// and where from.
func TestEveryLetterSaysWhatToDoIfItWasSomebodyElse(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds(t) {
		email := render(t, letter(kind))
		for _, want := range []string{
			"was not you", "1 March 2026, 12:00 UTC", "192.0.2.7", "Frankfurt am Main, DE", "Firefox on Linux",
		} {
			if !strings.Contains(email.Text, want) || !strings.Contains(email.HTML, want) {
				t.Errorf("%s lacks %q:\n%s", kind, want, email.Text)
			}
		}
	}
}

func TestLettersNameWhatTheySpeakOf(t *testing.T) {
	t.Parallel()
	sample := letter(mail.KindSecuritySettingsChanged)
	sample.Factor, sample.Count, sample.Label = "hologram", 1, "nightly backup"
	for _, c := range []struct {
		kind mail.Kind
		want string
	}{
		{mail.KindFactorAdded, "confirmed with hologram."},
		{mail.KindFactorRemoved, "confirmed with hologram."},
		{mail.KindRecoveryCodeUsed, "1 recovery code is left."},
		{mail.KindSecuritySettingsChanged, "on trusted devices too; messages about sessions"},
		{mail.KindDataExported, "all that is held about you"},
		{mail.KindTokenCreated, "called \"nightly backup\" was made"},
		{mail.KindAccessChanged, "You were given: ADMIN, support. You no longer have: EDITOR."},
	} {
		sample.Kind = c.kind
		if email := render(t, sample); !strings.Contains(email.Text, c.want) {
			t.Errorf("%s lacks %q:\n%s", c.kind, c.want, email.Text)
		}
	}
}

// TestEveryNameOfTheInterfaceHasWords holds the catalog to the names that letters can speak of.
func TestEveryNameOfTheInterfaceHasWords(t *testing.T) {
	t.Parallel()
	names := []string{"totp", "email", "sms", "whatsapp", "passkey", "recovery_code", "always_ask_second_factor"}
	for _, kind := range mail.HarmlessKinds() {
		names = append(names, string(kind))
	}
	for _, name := range names {
		sample := letter(mail.KindSecuritySettingsChanged)
		sample.TurnedOff = []string{name}
		if email := render(t, sample); strings.Contains(email.Text, ": "+name+".") {
			t.Errorf("%s has no words:\n%s", name, email.Text)
		}
	}
}

func TestDeviceAndAddressesAreOneLine(t *testing.T) {
	t.Parallel()
	sample := letter(mail.KindEmailChanged)
	sample.Device, sample.IP, sample.Address = "see http://evil.example", "192.0.2.7\r\nX: y", "a@b.example\r\nBcc: c"
	sample.Place = "Boxford\r\nX: y"
	email := render(t, sample)
	if strings.Contains(email.Text, "evil") || strings.Contains(email.Text, "\nX: y") || strings.Contains(email.Text, "\nBcc") {
		t.Errorf("got\n%s", email.Text)
	}
}

func FuzzRender(f *testing.F) {
	f.Add("Ada", "Firefox on Linux", "en", "totp", 9)
	f.Add("<script>{{.Token}}</script>", "\r\nBcc: x", "ar,en;q=0.5", "<script>", 1)
	f.Add("\u202egnp.exe", "a.evil.example", "x-\xff", "https://evil.example\r\n", -1)
	all := kinds(f)
	made := renderer(f, texts(f))
	control := regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f\x{202a}-\x{202e}\x{2066}\x{2067}]`)
	f.Fuzz(func(t *testing.T, name, device, locale, term string, count int) {
		sample := letter(all[uint(count)%uint(len(all))]) //nolint:gosec // any kind will do
		sample.Name, sample.Device, sample.Locale = name, device, locale
		sample.Factor, sample.TurnedOff, sample.Count = term, []string{term, term}, count
		email, err := made.Render(core.ID{1}, sample, now)
		if err != nil {
			t.Fatal(err)
		}
		if control.MatchString(email.Text) || strings.Contains(email.HTML, "<script") || strings.ContainsAny(email.Subject, "\r\n") {
			t.Errorf("subject %q text %q", email.Subject, email.Text)
		}
		own := strings.Count(email.Text, email.Link)
		if email.Link == "" {
			own = 0
		}
		if links := strings.Count(email.Text, "://"); links != own {
			t.Errorf("%d links in %q", links, email.Text)
		}
	})
}

func TestRightToLeft(t *testing.T) {
	t.Parallel()
	english, err := os.ReadFile("catalog/en.json")
	if err != nil {
		t.Fatal(err)
	}
	// A right-to-left locale with the words of the English one: the layout is what is looked at.
	mirrored := strings.Replace(string(english), `"direction": "ltr"`, `"direction": "rtl"`, 1)
	mirrored = strings.Replace(mirrored, `{"one": "{{.N}} minute",`, `{"few": "{{.N}} FEW",`, 1)
	catalog, err := mail.LoadCatalog(fstest.MapFS{
		"en.json": {Data: english}, "ar.json": {Data: []byte(mirrored)},
	})
	if err != nil {
		t.Fatal(err)
	}
	sample := letter(mail.KindRegistration)
	sample.Locale = "ar-EG"
	email, err := renderer(t, catalog).Render(core.ID{1}, sample, now)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(email.HTML, `lang="ar" dir="rtl"`) != 2 || !strings.Contains(email.HTML, `class="code" dir="ltr"`) {
		t.Errorf("directions are missing in\n%s", email.HTML)
	}
	for _, want := range []string{"Hello \u2068Ada Lovelace\u2069,", "5 FEW"} {
		if !strings.Contains(email.Text, want) {
			t.Errorf("%q is missing in\n%s", want, email.Text)
		}
	}
}

func TestTheLayoutIsLogicalAndReadable(t *testing.T) {
	t.Parallel()
	html := render(t, letter(mail.KindRegistration)).HTML
	if found := regexp.MustCompile(`(?i)\b(left|right)\b`).FindString(html); found != "" {
		t.Errorf("the layout speaks of %s, which does not mirror", found)
	}
	for _, size := range regexp.MustCompile(`font-size: (\d+)px`).FindAllStringSubmatch(html, -1) {
		if len(size[1]) < 2 || size[1] < "16" {
			t.Errorf("%s px is too small for a phone", size[1])
		}
	}
	for _, want := range []string{"width=device-width", "prefers-color-scheme: dark", `name="color-scheme"`} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if regexp.MustCompile(`(?i)<(script|img|link|iframe)|url\(|@import`).MatchString(html) {
		t.Error("the layout fetches something")
	}
}

func TestUnknownLocalesReadEnglish(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"", "en-GB", "tlh", "de-AT,de;q=0.9", "not a locale", "\xff", strings.Repeat("a-", 5000)} {
		sample := letter(mail.KindRestored)
		sample.Locale = locale
		if got := render(t, sample).Subject; got != "Your account is back" {
			t.Errorf("locale %.20q gives %q", locale, got)
		}
	}
}

func TestUnknownKindIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := renderer(t, texts(t)).Render(core.ID{1}, mail.Letter{Kind: "hologram"}, now); err == nil {
		t.Error("an unknown kind was rendered")
	}
}

func TestRendererSettings(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ product, frontEnd string }{
		"no name": {" \n", "https://a.example"}, "relative": {"P", "/x"}, "scheme": {"P", "javascript:alert(1)"},
		"ftp": {"P", "ftp://a.example"}, "query": {"P", "https://a.example/?x=1"}, "fragment": {"P", "https://a.example/#/x"},
		"user": {"P", "https://u@a.example"}, "unreadable": {"P", "http://[::1"},
	}
	for name, c := range cases {
		if _, err := mail.NewRenderer(texts(t), c.product, c.frontEnd); err == nil {
			t.Errorf("%s: accepted %q, %q", name, c.product, c.frontEnd)
		}
	}
}
