// Package useragent reads User-Agent headers with mileusna/useragent, so that people recognise their own
// devices in a list. What it finds is information and never authority: a client may say anything.
package useragent

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mileusna/useragent"

	"github.com/doorward/doorward/core/origin"
)

// maxLength bounds what is read and kept of a header, in bytes. Real ones stay below 500.
const maxLength = 512

// The names that are told. A header may name anything as its product, and what is told stands in mails to
// people who did not send it: "Account blocked. Call +1 800 555" is not to be read there.
var (
	browsers = known(
		useragent.Chrome, useragent.Edge, useragent.FacebookApp, useragent.Firefox, useragent.HeadlessChrome,
		useragent.InstagramApp, useragent.InternetExplorer, useragent.MobileSafari, useragent.NetFront, useragent.Opera,
		useragent.OperaMini, useragent.OperaTouch, useragent.Safari, useragent.SamsungBrowser, useragent.TiktokApp,
		useragent.Vivaldi,
		useragent.Applebot, useragent.Bingbot, useragent.FacebookExternalHit, useragent.GoogleAdsBot, useragent.Googlebot,
		useragent.Twitterbot, useragent.YandexAdNet, useragent.YandexBot,
		"Wget", "curl", "node", "undici",
	)
	systems = known(
		useragent.Android, useragent.BlackBerry, useragent.ChromeOS, useragent.CrOS, useragent.FreeBSD,
		useragent.Harmony, useragent.IOS, useragent.Linux, useragent.MacOS, useragent.Windows, useragent.WindowsPhone,
	)
)

// known gives a function that passes these names through and makes every other one empty.
func known(names ...string) func(name string) string {
	return func(name string) string {
		if slices.Contains(names, name) {
			return name
		}
		return ""
	}
}

// Recognizer implements origin.Recognizer. Its zero value is ready, and safe for concurrent use.
type Recognizer struct{}

// Recognize reads the header. Control characters are dropped, so that a header can forge no line anywhere.
// Kind, Browser and OS are words of fixed lists, or empty.
func (Recognizer) Recognize(header string) origin.Device {
	header = clean(header, maxLength)
	found := useragent.Parse(header)
	device := origin.Device{
		UserAgent: header,
		Kind:      kind(found),
		Browser:   browsers(found.Name),
		OS:        systems(found.OS),
	}
	correct(&device)
	return device
}

func kind(found useragent.UserAgent) string {
	switch {
	case found.Bot:
		return "bot"
	case found.Tablet:
		return "tablet"
	case found.Mobile:
		return "mobile"
	case found.Desktop:
		return "desktop"
	default:
		return "other"
	}
}

// clean keeps valid, printable text of at most limit bytes.
func clean(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "")
	}
	return text
}
