// Package useragent reads User-Agent headers with mileusna/useragent, so that people recognise their own
// devices in a list. What it finds is information and never authority: a client may say anything.
package useragent

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mileusna/useragent"

	"github.com/doorward/doorward/core/session"
)

// maxLength bounds what is read and kept of a header, in bytes. Real ones stay below 500.
const maxLength = 512

// maxName bounds a browser's or system's name in bytes: the header may name anything as its product.
const maxName = 64

// Recognizer implements session.Recognizer. Its zero value is ready, and safe for concurrent use.
type Recognizer struct{}

// Recognize reads the header. Control characters are dropped, so that a header can forge no line anywhere.
func (Recognizer) Recognize(header string) session.Device {
	header = clean(header, maxLength)
	found := useragent.Parse(header)
	return session.Device{
		UserAgent: header,
		Kind:      kind(found),
		Browser:   clean(found.Name, maxName),
		OS:        clean(found.OS, maxName),
	}
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
