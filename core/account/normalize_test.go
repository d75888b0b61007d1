package account_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/account"
)

func TestNormalizeEmail(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64) + "@example.com"
	for _, c := range []struct{ name, text, address, key string }{
		{"case of the local part stays in the address", "Ann.Lee@Example.COM", "Ann.Lee@example.com", "ann.lee@example.com"},
		{"spaces around it", "  ann@example.com ", "ann@example.com", "ann@example.com"},
		{"tags stay", "ann+shop@example.com", "ann+shop@example.com", "ann+shop@example.com"},
		{"decomposed letters", "rene\u0301@example.com", "ren\u00e9@example.com", "ren\u00e9@example.com"},
		{"domain in Unicode", "a@B\u00fccher.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		{"the same domain in ASCII", "a@XN--bcher-KVA.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		{"Japanese", "a@\u4f8b\u3048\u3002\u30c6\u30b9\u30c8", "a@xn--r8jz45g.xn--zckzah", "a@xn--r8jz45g.xn--zckzah"},
		{"full width", "a@\uff45\uff58.example", "a@ex.example", "a@ex.example"},
		{"Arabic", "a@\u0645\u062b\u0627\u0644.example", "a@xn--mgbh0fb.example", "a@xn--mgbh0fb.example"},
		{"longest local part", long, long, long},
		{"every sign", "!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-@example.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, key, err := account.NormalizeEmail(c.text)
			if err != nil || address != c.address || key != c.key {
				t.Errorf("got %q, %q, %v", address, key, err)
			}
		})
	}
}

func TestNormalizeEmailRefuses(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	for name, text := range map[string]string{
		"empty": "", "no sign": "ann.example.com", "no local part": "@example.com", "no domain": "ann@",
		"one label": "ann@localhost", "empty label": "ann@example..com", "dot at the end": "ann@example.com.",
		"address literal": "ann@[127.0.0.1]", "address": "ann@127.0.0.1", "hyphen first": "ann@-example.com",
		"hyphen last": "ann@example-.com", "underscore in the domain": "ann@ex_ample.com",
		"dot first": ".ann@example.com", "dot last": "ann.@example.com", "two dots": "a..b@example.com",
		"two signs": "ann@bob@example.com", "quoted": `"ann lee"@example.com`, "space": "ann lee@example.com",
		"line break": "ann@example.com\r\nBcc: eve@example.com", "line break in the local part": "a\nb@example.com",
		"NUL": "a\x00b@example.com", "tab": "\tann@example.com", "comment": "ann(home)@example.com",
		"angle brackets": "<ann@example.com>", "not UTF-8": "a\xff@example.com", "zero width": "a\u200bb@example.com",
		"direction override": "a\u202eb@example.com", "emoji": "\U0001f511@example.com",
		"local part of 65 octets":                 strings.Repeat("a", 65) + "@example.com",
		"local part of 65 octets, 64 code points": strings.Repeat("a", 63) + "\u00e9@example.com",
		"label of 64 octets":                      "a@" + label + "a.com",
		"label too long in ASCII":                 "a@" + strings.Repeat("\u00fc", 60) + ".com",
		"more than 254 octets":                    "abc@" + label + "." + label + "." + label + "." + label,
		"a megabyte":                              strings.Repeat("a", 1<<20) + "@example.com",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := account.NormalizeEmail(text)
			wantField(t, err, "email", core.CodeInvalidFormat)
		})
	}
}

func TestNormalizeUsername(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, display, key string }{
		"case folds in the key only": {"Ann_Lee", "Ann_Lee", "ann_lee"},
		"signs":                      {"a.b-c_d", "a.b-c_d", "a.b-c_d"},
		"full width":                 {"\uff21\uff4e\uff4e", "Ann", "ann"},
		"decomposed":                 {"Rene\u0301", "Ren\u00e9", "ren\u00e9"},
		"Greek":                      {"\u03a3\u03bf\u03c6\u03af\u03b1", "\u03a3\u03bf\u03c6\u03af\u03b1", "\u03c3\u03bf\u03c6\u03af\u03b1"},
		"Cyrillic with ASCII digits": {"\u0418\u0432\u0430\u043d7", "\u0418\u0432\u0430\u043d7", "\u0438\u0432\u0430\u043d7"},
		"Japanese with Latin":        {"tanaka\u7530\u4e2d\u30bf\u306a", "tanaka\u7530\u4e2d\u30bf\u306a", "tanaka\u7530\u4e2d\u30bf\u306a"},
		"Korean with Latin and Han":  {"kim\uae40\u91d1", "kim\uae40\u91d1", "kim\uae40\u91d1"},
		"Bopomofo with Han":          {"\u3105\u3106\u738b", "\u3105\u3106\u738b", "\u3105\u3106\u738b"},
		"Arabic with its digits":     {"\u0623\u062d\u0645\u062f\u0661\u0662", "\u0623\u062d\u0645\u062f\u0661\u0662", "\u0623\u062d\u0645\u062f\u0661\u0662"},
		"Devanagari with marks":      {"\u0930\u093e\u092e\u0940", "\u0930\u093e\u092e\u0940", "\u0930\u093e\u092e\u0940"},
		"longest":                    {strings.Repeat("Z", 32), strings.Repeat("Z", 32), strings.Repeat("z", 32)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			display, key, err := account.NormalizeUsername(c.text)
			if err != nil || display != c.display || key != c.key {
				t.Errorf("got %q, %q, %v", display, key, err)
			}
		})
	}
}

func TestNormalizeUsernameRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		code core.Code
	}{
		"empty":               {"", core.CodeTooShort},
		"two characters":      {"ab", core.CodeTooShort},
		"33 characters":       {strings.Repeat("a", 33), core.CodeTooLong},
		"a megabyte":          {strings.Repeat("a", 1<<20), core.CodeTooLong},
		"at sign":             {"ann@lee", core.CodeInvalidFormat},
		"space":               {"ann lee", core.CodeInvalidFormat},
		"line break":          {"ann\nlee", core.CodeInvalidFormat},
		"sign first":          {".ann", core.CodeInvalidFormat},
		"sign last":           {"ann-", core.CodeInvalidFormat},
		"two signs":           {"ann..lee", core.CodeInvalidFormat},
		"digits only":         {"123456", core.CodeInvalidFormat},
		"slash":               {"ann/lee", core.CodeInvalidFormat},
		"emoji":               {"ann\U0001f511", core.CodeInvalidFormat},
		"zero width":          {"ann\u200blee", core.CodeInvalidFormat},
		"not UTF-8":           {"ann\xff", core.CodeInvalidFormat},
		"UUID without hyphen": {"018f3b2c4d5e7f8091a2b3c4d5e6f708", core.CodeNotAllowed},
		"Cyrillic a in Latin": {"p\u0430ypal", core.CodeMixedScript},
		"Greek o in Latin":    {"g\u03bfogle", core.CodeMixedScript},
		"Kana with Hangul":    {"\u306a\u306a\uae40", core.CodeMixedScript},
		"Bopomofo and Kana":   {"\u3105\u3106\u306a", core.CodeMixedScript},
		"two sets of digits":  {"ann1\u0967", core.CodeMixedScript},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := account.NormalizeUsername(c.text)
			wantField(t, err, "username", c.code)
		})
	}
}

func TestParseIdentifier(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]account.Identifier{
		" Ann@Example.com ": {Kind: account.IdentifierEmail, Key: "ann@example.com"},
		" Ann_Lee ":         {Kind: account.IdentifierUsername, Key: "ann_lee"},
	} {
		if got, ok := account.ParseIdentifier(text); !ok || got != want {
			t.Errorf("%q: got %+v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "@", "ann@", "a b", "\x00", "ann@example"} {
		if got, ok := account.ParseIdentifier(text); ok {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}

func TestProfileValidateNormalizes(t *testing.T) {
	t.Parallel()
	profile := account.Profile{
		Name: "  Rene\u0301 ", Bio: "one\r\ntwo", ImageURL: "https://example.com/a.png", Locale: "PT-br", Phone: "+4915112345678",
	}
	if fields := profile.Validate(""); fields != nil {
		t.Fatalf("refused: %v", fields)
	}
	want := account.Profile{
		Name: "Ren\u00e9", Bio: "one\ntwo", ImageURL: "https://example.com/a.png", Locale: "pt-BR", Phone: "+4915112345678",
	}
	if diff := cmp.Diff(want, profile); diff != "" {
		t.Error(diff)
	}
}

func TestProfileValidateBounds(t *testing.T) {
	t.Parallel()
	const site = "https://example.com/"
	profile := account.Profile{
		Name: strings.Repeat("\U0001f511", 100), Bio: strings.Repeat("\U0001f511", 500),
		ImageURL: site + strings.Repeat("щ", account.ImageURLMax-len(site)),
	}
	if fields := profile.Validate(""); fields != nil {
		t.Errorf("lengths are not counted in code points: %v", fields)
	}
	ok := account.Profile{Name: "Ann"}
	for name, c := range map[string]struct {
		change func(*account.Profile)
		field  string
		code   core.Code
	}{
		"no name":               {func(p *account.Profile) { p.Name = "  " }, "name", core.CodeRequired},
		"name of 101":           {func(p *account.Profile) { p.Name = strings.Repeat("a", 101) }, "name", core.CodeTooLong},
		"name of a megabyte":    {func(p *account.Profile) { p.Name = strings.Repeat("a", 1<<20) }, "name", core.CodeTooLong},
		"line break in name":    {func(p *account.Profile) { p.Name = "Ann\r\nBcc: eve@example.com" }, "name", core.CodeNotAllowed},
		"escape in name":        {func(p *account.Profile) { p.Name = "Ann\x1b[31m" }, "name", core.CodeNotAllowed},
		"line separator":        {func(p *account.Profile) { p.Name = "Ann\u2028Lee" }, "name", core.CodeNotAllowed},
		"direction override":    {func(p *account.Profile) { p.Name = "Ann\u202eLee" }, "name", core.CodeNotAllowed},
		"name not UTF-8":        {func(p *account.Profile) { p.Name = "Ann\xff" }, "name", core.CodeNotAllowed},
		"bio of 501":            {func(p *account.Profile) { p.Bio = strings.Repeat("a", 501) }, "bio", core.CodeTooLong},
		"bio of a megabyte":     {func(p *account.Profile) { p.Bio = strings.Repeat("a", 1<<20) }, "bio", core.CodeTooLong},
		"NUL in bio":            {func(p *account.Profile) { p.Bio = "a\x00" }, "bio", core.CodeNotAllowed},
		"http picture":          {func(p *account.Profile) { p.ImageURL = "http://example.com/a.png" }, "image_url", core.CodeInvalidFormat},
		"script for a picture":  {func(p *account.Profile) { p.ImageURL = "javascript:alert(1)" }, "image_url", core.CodeInvalidFormat},
		"relative picture":      {func(p *account.Profile) { p.ImageURL = "//example.com/a.png" }, "image_url", core.CodeInvalidFormat},
		"picture with password": {func(p *account.Profile) { p.ImageURL = "https://a:b@example.com/" }, "image_url", core.CodeInvalidFormat},
		"picture without host":  {func(p *account.Profile) { p.ImageURL = "https:///a.png" }, "image_url", core.CodeInvalidFormat},
		"long picture": {
			func(p *account.Profile) { p.ImageURL = site + strings.Repeat("a", 2048) },
			"image_url", core.CodeTooLong,
		},
		"locale":               {func(p *account.Profile) { p.Locale = "not a tag" }, "locale", core.CodeInvalidFormat},
		"phone without plus":   {func(p *account.Profile) { p.Phone = "4915112345678" }, "phone", core.CodeInvalidFormat},
		"phone with spaces":    {func(p *account.Profile) { p.Phone = "+49 151 12345678" }, "phone", core.CodeInvalidFormat},
		"phone of 16 digits":   {func(p *account.Profile) { p.Phone = "+1234567890123456" }, "phone", core.CodeInvalidFormat},
		"phone of 6 digits":    {func(p *account.Profile) { p.Phone = "+123456" }, "phone", core.CodeInvalidFormat},
		"phone beginning zero": {func(p *account.Profile) { p.Phone = "+0151123456" }, "phone", core.CodeInvalidFormat},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			profile := ok
			c.change(&profile)
			fields := profile.Validate("profile.")
			if len(fields) != 1 || fields[0].Field != "profile."+c.field || fields[0].Code != c.code || fields[0].Message == "" {
				t.Errorf("got %+v", fields)
			}
		})
	}
}

func FuzzNormalizeEmail(f *testing.F) {
	for _, seed := range []string{
		"Ann.Lee@Example.COM", "a@b\u00fccher.example", "\u00df@\u1e9e.de", "rene\u0301@example.com", "a@\uff45.\u3002b.c",
		"\u0345\u03b1@example.com", "a@xn--.example", "\u212a@example.com", "a@\u200c.de", "@", "a@b@c.de",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, key, err := account.NormalizeEmail(text)
		if err != nil {
			return
		}
		if len(address) > 254 || strings.ContainsAny(address, "\r\n\x00 ") || !utf8.ValidString(address) {
			t.Fatalf("%q is accepted as %q", text, address)
		}
		for _, form := range []string{address, key} {
			if again, same, err := account.NormalizeEmail(form); err != nil || same != key || again != form {
				t.Fatalf("%q: %q becomes %q, %q, %v", text, form, again, same, err)
			}
		}
	})
}

func FuzzNormalizeUsername(f *testing.F) {
	for _, seed := range []string{
		"Ann_Lee", "\uff21\uff4e\uff4e", "\u0130stanbul", "\u03a3\u03b1\u03c2", "stra\u00dfe", "\u1e9eabc", "\u0645\u062d\u0645\u062f",
		"a\u0345bc", "\u212aelvin", "p\u0430ypal", "\U00010400\U00010401\U00010402", "\u13a0\u13a1\u13a2", "123", "a\u0660\u06f0",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		display, key, err := account.NormalizeUsername(text)
		if err != nil {
			return
		}
		if strings.Contains(key, "@") || utf8.RuneCountInString(key) > account.UsernameMax {
			t.Fatalf("%q is accepted as %q", text, key)
		}
		for _, form := range []string{display, key} {
			if again, same, err := account.NormalizeUsername(form); err != nil || same != key || again != form {
				t.Fatalf("%q: %q becomes %q, %q, %v", text, form, again, same, err)
			}
		}
	})
}

// wantField fails unless err is one broken rule of that field.
func wantField(t *testing.T, err error, field string, code core.Code) {
	t.Helper()
	var invalid *core.Error
	if !errors.As(err, &invalid) || invalid.Kind != core.KindInvalid || len(invalid.Fields) != 1 {
		t.Fatalf("got %v", err)
	}
	if got := invalid.Fields[0]; got.Field != field || got.Code != code {
		t.Errorf("got %+v, want %s for %s", got, code, field)
	}
}
