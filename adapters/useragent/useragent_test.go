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

// TestRecognizesTheKindsOfClients holds headers as they are sent today against how their senders should find
// them in a list of their sessions.
func TestRecognizesTheKindsOfClients(t *testing.T) {
	t.Parallel()
	const (
		webkit  = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
		chrome  = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0.0.0"
		windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
		iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) " + webkit
		ipad    = "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) " + webkit
	)
	for _, c := range []struct{ header, kind, browser, system string }{
		{ipad + " CriOS/123.0.6312.52 Mobile/15E148 Safari/604.1", "tablet", "Chrome", "iOS"},
		{ipad + " FxiOS/124.0 Mobile/15E148 Safari/605.1.15", "tablet", "Firefox", "iOS"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + webkit + " Version/17.4 Safari/605.1.15", "desktop", "Safari", "macOS"},
		{iphone + " Version/17.0 EdgiOS/122.0.2365.99 Mobile/15E148 Safari/605.1.15", "mobile", "Edge", "iOS"},
		{iphone + " Version/17.4 Mobile/15E148 Safari/604.1 OPT/4.5.1", "mobile", "Opera Touch", "iOS"},
		{iphone + " GSA/308.0.615969171 Mobile/15E148 Safari/604.1", "mobile", "Google App", "iOS"},
		{iphone + " Version/17.4 Mobile/15E148 Safari/604.1 Ddg/17.4", "mobile", "DuckDuckGo", "iOS"},
		{iphone + " Mobile/15E148", "mobile", "WebView", "iOS"},
		{"Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/123.0.6312.40 Mobile Safari/537.36", "mobile", "WebView", "Android"},
		{"Mozilla/5.0 (Linux; Android 10; K) " + chrome + " Mobile Safari/537.36", "mobile", "Chrome", "Android"},
		{"Mozilla/5.0 (Linux; Android 10; K) " + chrome + " Safari/537.36", "tablet", "Chrome", "Android"},
		{"Mozilla/5.0 (Android 14; Mobile; rv:124.0) Gecko/124.0 Firefox/124.0", "mobile", "Firefox", "Android"},
		{"Mozilla/5.0 (Android 14; Tablet; rv:124.0) Gecko/124.0 Firefox/124.0", "tablet", "Firefox", "Android"},
		{"Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/24.0 Chrome/117.0.0.0 Mobile Safari/537.36", "mobile", "Samsung Browser", "Android"},
		{"Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/24.0 Chrome/117.0.0.0 Safari/537.36", "tablet", "Samsung Browser", "Android"},
		{"Mozilla/5.0 (Linux; Android 10; HD1913) " + chrome + " Mobile Safari/537.36 EdgA/122.0.2365.92", "mobile", "Edge", "Android"},
		{"Mozilla/5.0 (Linux; Android 10; VOG-L29) " + chrome + " Mobile Safari/537.36 OPR/76.2.4027.73374", "mobile", "Opera", "Android"},
		{"Mozilla/5.0 (Linux; Android 12; HarmonyOS; ANA-AN00) " + chrome + " HuaweiBrowser/15.0.4.312 Mobile Safari/537.36", "mobile", "Huawei Browser", "Android"},
		{"Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/122.3.1 like Chrome/122.0.6261.119 Safari/537.36", "tablet", "Silk", "Android"},
		{"Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16", "mobile", "Opera Mini", "Android"},
		{"Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UQ1A)", "mobile", "", "Android"},
		{windows + chrome + " Safari/537.36", "desktop", "Chrome", "Windows"},
		{windows + chrome + " Safari/537.36 Edg/123.0.2420.53", "desktop", "Edge", "Windows"},
		{windows + chrome + " Safari/537.36 OPR/109.0.0.0", "desktop", "Opera", "Windows"},
		{windows + chrome + " YaBrowser/24.4.0.0 Safari/537.36", "desktop", "Yandex Browser", "Windows"},
		{windows + "AppleWebKit/537.36 (KHTML, like Gecko) Some-App/1.0 Chrome/122.0.6261.156 Electron/29.3.0 Safari/537.36", "desktop", "Electron", "Windows"},
		{windows + "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Some-App/1.0 Safari/537.36", "desktop", "Chrome", "Windows"},
		{"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "desktop", "Internet Explorer", "Windows"},
		{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + chrome + " Safari/537.36", "desktop", "Chrome", "ChromeOS"},
		{"Mozilla/5.0 (X11; FreeBSD amd64; rv:124.0) Gecko/20100101 Firefox/124.0", "desktop", "Firefox", "FreeBSD"},
		{"Mozilla/5.0 (X11; OpenBSD amd64; rv:124.0) Gecko/20100101 Firefox/124.0", "desktop", "Firefox", "OpenBSD"},
		{"Mozilla/5.0 (X11; Linux x86_64) " + webkit + " Version/16.0 Safari/605.1.15 Epiphany/605.1.15", "desktop", "Epiphany", "Linux"},
		{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/123.0.0.0 Safari/537.36", "bot", "Headless Chrome", "Linux"},
		{"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) " + chrome + " Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot", "Googlebot", "Android"},
		{"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "bot", "Bingbot", ""},
		{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", "bot", "", ""},
		{"LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", "bot", "", ""},
		{"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "bot", "", ""},
		{"UptimeRobot/2.0", "bot", "", ""},
		{"curl/8.7.1", "other", "curl", ""},
		{"Wget/1.21.4", "other", "Wget", ""},
		{"Go-http-client/2.0", "other", "Go-http-client", ""},
		{"OpenAPI-Generator/1.0.0/go", "other", "OpenAPI Generator", ""},
		{"python-requests/2.31.0", "other", "python-requests", ""},
		{"python-httpx/0.27.0", "other", "python-httpx", ""},
		{"Python/3.12 aiohttp/3.9.3", "other", "aiohttp", ""},
		{"node", "other", "node", ""},
		{"node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", "other", "node-fetch", ""},
		{"axios/1.6.8", "other", "axios", ""},
		{"okhttp/4.12.0", "other", "okhttp", ""},
		{"Java-http-client/21.0.2", "other", "Java", ""},
		{"Apache-HttpClient/5.3 (Java/17.0.10)", "other", "Apache-HttpClient", ""},
		{"Ruby", "other", "Ruby", ""},
		{"GuzzleHttp/7", "other", "Guzzle", ""},
		{"Dart/3.3 (dart:io)", "other", "Dart", ""},
		{"Some-App/1.0 CFNetwork/1494.0.7 Darwin/23.4.0", "other", "CFNetwork", ""},
		{"Some-App/3 (com.example.app; build:1; iOS 17.4.1) Alamofire/5.9.0", "mobile", "Alamofire", "iOS"},
		{"PostmanRuntime/7.37.0", "other", "Postman", ""},
		{"insomnia/8.6.1", "other", "Insomnia", ""},
		{"HTTPie/3.2.2", "other", "HTTPie", ""},
	} {
		want := origin.Device{UserAgent: c.header, Kind: c.kind, Browser: c.browser, OS: c.system}
		if got := (useragent.Recognizer{}).Recognize(c.header); got != want {
			t.Errorf("%q\n got %q %q %q\nwant %q %q %q", c.header, got.Kind, got.Browser, got.OS, c.kind, c.browser, c.system)
		}
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
