package useragent_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/doorward/doorward/adapters/useragent"
	"github.com/doorward/doorward/core/origin"
)

var _ origin.Recognizer = useragent.Recognizer{}

const (
	firefoxLinux = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	safariPhone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	safariTablet = "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1"
	crawler      = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
)

func TestRecognizesWhatPeopleUse(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]origin.Device{
		firefoxLinux: {UserAgent: firefoxLinux, Kind: "desktop", Browser: "Firefox", OS: "Linux"},
		safariPhone:  {UserAgent: safariPhone, Kind: "mobile", Browser: "Safari", OS: "iOS"},
		safariTablet: {UserAgent: safariTablet, Kind: "tablet", Browser: "Safari", OS: "iOS"},
		"":           {Kind: "other"},
	} {
		if got := (useragent.Recognizer{}).Recognize(header); got != want {
			t.Errorf("%q\n got %+v\nwant %+v", header, got, want)
		}
	}
	if got := (useragent.Recognizer{}).Recognize(crawler); got.Kind != "bot" {
		t.Errorf("a crawler is recognized as %q", got.Kind)
	}
}

func TestKeepsNothingThatForgesALine(t *testing.T) {
	t.Parallel()
	got := useragent.Recognizer{}.Recognize("curl/8\r\nlevel=error\x1b[31m\x00" + strings.Repeat("é", 1000))
	if strings.ContainsAny(got.UserAgent+got.Browser+got.OS, "\r\n\x1b\x00") || len(got.UserAgent) > 512 {
		t.Errorf("got %q", got.UserAgent)
	}
}

func TestTellsNoWordsOfTheHeader(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]origin.Device{
		"Account blocked. Call +1 800 555/1":          {Kind: "other"},
		"<script>x</script> Evil/1.0 (Click)":         {Kind: "other"},
		"Dalvik (Linux; Android 9; Go to evil) xyz/1": {Kind: "mobile", OS: "Android"},
		"curl/8.14.1": {Kind: "other", Browser: "curl"},
	} {
		want.UserAgent = header
		if got := (useragent.Recognizer{}).Recognize(header); got != want {
			t.Errorf("%q\n got %+v\nwant %+v", header, got, want)
		}
	}
}

func TestCutsBetweenCharacters(t *testing.T) {
	t.Parallel()
	for lead := range 4 {
		got := useragent.Recognizer{}.Recognize(strings.Repeat("a", lead) + strings.Repeat("世", 400))
		if !utf8.ValidString(got.UserAgent) || !utf8.ValidString(got.Browser) || len(got.UserAgent) > 512 {
			t.Errorf("behind %d letters: %q", lead, got)
		}
	}
}

func FuzzRecognize(f *testing.F) {
	for _, seed := range []string{firefoxLinux, safariPhone, safariTablet, crawler, "", "a/", "(((", "\xff\xfe", "Mozilla/5.0 (;;;)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got := useragent.Recognizer{}.Recognize(header)
		for _, text := range []string{got.UserAgent, got.Browser, got.OS} {
			if len(text) > 512 || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("%q gives %q", header, text)
			}
		}
		if len(got.Browser) > 64 || len(got.OS) > 64 {
			t.Errorf("names of %q are too long: %q, %q", header, got.Browser, got.OS)
		}
	})
}
