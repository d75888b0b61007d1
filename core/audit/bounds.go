package audit

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of an event's texts, in code points, as the contract and the table count: a reason is as long in every
// script. The table refuses longer ones, and an act must not fail because a client calls itself something long.
const (
	requestIDMax = 64
	ipMax        = 64
	agentMax     = 512
	deviceMax    = 255
	locationMax  = 255
	reasonMax    = 64
	// MetadataMax is how many entries of metadata an event has, KeyMax and ValueMax how long they are.
	MetadataMax = 20
	KeyMax      = 64
	ValueMax    = 200
)

// bounded cuts what is too long and drops what is no printable text: a header must not forge a second line,
// or move the cursor of whoever reads the log in a terminal (OWASP ASVS 5.0 16.4.1).
func (e Event) bounded() Event {
	e.Reason = clean(e.Reason, reasonMax)
	e.RequestID, e.IP = clean(e.RequestID, requestIDMax), clean(e.IP, ipMax)
	e.UserAgent, e.Device, e.Location = clean(e.UserAgent, agentMax), clean(e.Device, deviceMax), clean(e.Location, locationMax)
	if len(e.Metadata) == 0 {
		e.Metadata = nil
		return e
	}
	kept := make(map[string]string, len(e.Metadata))
	for i, key := range slices.Sorted(maps.Keys(e.Metadata)) {
		if i < MetadataMax {
			kept[clean(key, KeyMax)] = clean(e.Metadata[key], ValueMax)
		}
	}
	e.Metadata = kept
	return e
}

// clean gives the printable characters of a text, limit of them at the most.
func clean(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	for at := range text {
		if limit == 0 {
			return text[:at]
		}
		limit--
	}
	return text
}
