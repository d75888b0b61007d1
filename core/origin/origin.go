// Package origin is where an act comes from, told for people: the address and the place it belongs to, the
// device, the browser and the operating system. It is information, never authority.
package origin

import (
	"context"
	"net/netip"
	"strings"
	"unicode"

	"github.com/doorward/doorward/core"
)

// agentMax is how much of a User-Agent is kept, in bytes. Real ones are below 300.
const agentMax = 512

// Device is what is known of the client that an act came from.
type Device struct {
	UserAgent string
	// Kind is desktop, mobile, tablet, bot or other; empty where unknown, like Browser and OS.
	Kind    string
	Browser string
	OS      string
	IP      string
	// Location is a place name; empty where it is unknown or no place database is configured.
	Location string
}

// String names the device for people: "Firefox, Linux", or as much of it as is known. Its words are from a
// fixed list, never the header's own: strangers could otherwise write into somebody's mail.
func (d Device) String() string {
	named := make([]string, 0, 2)
	for _, name := range []string{d.Browser, d.OS} {
		if name != "" {
			named = append(named, name)
		}
	}
	return strings.Join(named, ", ")
}

// Recognizer reads a User-Agent header.
type Recognizer interface {
	// Recognize gives kind, browser and operating system, each empty where unknown. It accepts any text.
	Recognize(userAgent string) Device
}

// Locator knows the places of addresses.
type Locator interface {
	// Locate gives a place name such as "Boxford, GB"; empty where it knows none. It asks no peer.
	Locate(address netip.Addr) string
	// Country gives the country of the place, by its code of two capitals (ISO 3166-1 alpha-2); empty where it knows
	// none. It asks no peer.
	Country(address netip.Addr) string
}

// Nowhere is the Locator of a deployment without a place database.
type Nowhere struct{}

// Locate implements Locator.
func (Nowhere) Locate(netip.Addr) string { return "" }

// Country implements Locator.
func (Nowhere) Country(netip.Addr) string { return "" }

// Reader describes clients. Safe for concurrent use.
type Reader struct {
	recognizer Recognizer
	locator    Locator
}

// NewReader makes a reader.
func NewReader(recognizer Recognizer, locator Locator) *Reader {
	return &Reader{recognizer: recognizer, locator: locator}
}

// Of describes the client of the request that ctx belongs to.
func (r *Reader) Of(ctx context.Context) Device { return r.Describe(core.ClientFrom(ctx)) }

// Country gives the country that the request of ctx came from, by its code of two capitals (ISO 3166-1 alpha-2); empty
// where it is unknown.
func (r *Reader) Country(ctx context.Context) string {
	client := core.ClientFrom(ctx)
	if !client.IP.IsValid() {
		return ""
	}
	return r.locator.Country(client.IP)
}

// Describe describes a client, cleared of what a database or a terminal would choke on.
func (r *Reader) Describe(client core.Client) Device {
	agent := printable(client.UserAgent)
	device := r.recognizer.Recognize(agent)
	device.UserAgent = agent
	if client.IP.IsValid() {
		device.IP = client.IP.String()
		device.Location = r.locator.Locate(client.IP)
	}
	return device
}

func printable(text string) string {
	text = text[:min(len(text), agentMax)]
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return -1
	}, text)
}
