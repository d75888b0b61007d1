package api

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// clientIP is the peer's address, or, where the peer is a trusted proxy, the last address in its forwarding
// field that is not one: what stands before it was written by somebody unknown.
//
// X-Forwarded-For and Forwarded (RFC 7239) are read alike. A proxy writes one of them and may hand the other
// on as the client sent it, and nothing tells which is which. Where both are there they have to lead to the same
// address, and else the peer itself is taken for the client: whoever makes one up hides behind the proxy, and
// shares its limits with all who do so, but is never taken for somebody else.
func (s *server) clientIP(c *fiber.Ctx) netip.Addr {
	address := peer(c)
	if len(s.options.TrustedProxies) == 0 || !s.isTrusted(address) {
		return address
	}
	header := &c.Request().Header
	usual := slices.Clone(header.PeekAll(fiber.HeaderXForwardedFor)) // the next call overwrites it
	standard := header.PeekAll(fiber.HeaderForwarded)
	switch {
	case len(standard) == 0:
		return s.follow(address, usual, usualHops)
	case len(usual) == 0:
		return s.follow(address, standard, forwardedHops)
	}
	one, other := s.follow(address, usual, usualHops), s.follow(address, standard, forwardedHops)
	if one != other {
		return address
	}
	return one
}

// follow goes back from a trusted peer, hop by hop, to the first address that is not trusted, or as far as can
// be read. Some proxies (HAProxy among them) add a line of their own below the one that the client wrote, so
// every line is read by itself, the last one first.
func (s *server) follow(address netip.Addr, lines [][]byte, read func(line string) ([]netip.Addr, bool)) netip.Addr {
	for _, line := range slices.Backward(lines) {
		hops, whole := read(string(line))
		for _, hop := range slices.Backward(hops) {
			address = hop.Unmap().WithZone("")
			if !s.isTrusted(address) {
				return address
			}
		}
		if !whole {
			return address
		}
	}
	return address
}

// usualHops reads a line of X-Forwarded-For: the addresses at its end, up to the first thing, from there, that
// is none. whole tells that there is none such.
func usualHops(line string) (hops []netip.Addr, whole bool) {
	for _, text := range slices.Backward(strings.Split(line, ",")) {
		hop, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			slices.Reverse(hops)
			return hops, false
		}
		hops = append(hops, hop)
	}
	slices.Reverse(hops)
	return hops, true
}

// forwardedHops reads a line of Forwarded (RFC 7239 §4): the addresses at its end, up to the first element, from
// there, that names none: "unknown" or a hidden identifier (§6.2, §6.3). A line that is not well-formed has no
// hops at all: a quote that a client opened could hide what a proxy has added.
func forwardedHops(line string) (hops []netip.Addr, whole bool) {
	whole = true
	for more := true; more; {
		var node string
		var ok bool
		if node, line, more, ok = cutElement(line); !ok {
			return nil, false
		}
		hop, named := parseNode(node)
		if !named {
			hops, whole = hops[:0], false
			continue
		}
		hops = append(hops, hop)
	}
	return hops, whole
}

// cutElement takes the first element off a line: pairs of a name and a value with semicolons between. It
// gives the value of for, and whether another element follows.
func cutElement(line string) (node, rest string, more, ok bool) {
	seen := false
	for {
		var name, value string
		if name, value, line, ok = cutPair(line); !ok {
			return "", "", false, false
		}
		if strings.EqualFold(name, "for") {
			if seen {
				return "", "", false, false
			}
			node, seen = value, true
		}
		line = strings.TrimLeft(line, " \t")
		switch {
		case line == "":
			return node, "", false, true
		case line[0] == ',':
			return node, line[1:], true, true
		case line[0] != ';':
			return "", "", false, false
		}
		line = line[1:]
	}
}

// cutPair takes name=value off a line, where the value is a token or a quoted string.
func cutPair(line string) (name, value, rest string, ok bool) {
	name, line = cutToken(strings.TrimLeft(line, " \t"))
	if name == "" || !strings.HasPrefix(line, "=") {
		return "", "", "", false
	}
	line = line[1:]
	if strings.HasPrefix(line, `"`) {
		value, rest, ok = cutQuoted(line[1:])
		return name, value, rest, ok
	}
	value, rest = cutToken(line)
	return name, value, rest, value != ""
}

// cutToken takes a token (RFC 9110 §5.6.2) off a line; the empty one where there is none.
func cutToken(line string) (token, rest string) {
	end := strings.IndexFunc(line, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
	if end < 0 {
		end = len(line)
	}
	return line[:end], line[end:]
}

// cutQuoted takes the rest of a quoted string (RFC 9110 §5.6.4), whose opening quote is gone, off a line.
func cutQuoted(line string) (value, rest string, ok bool) {
	var text strings.Builder
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '"':
			return text.String(), line[i+1:], true
		case '\\':
			if i++; i == len(line) {
				return "", "", false
			}
		}
		text.WriteByte(line[i])
	}
	return "", "", false
}

// parseNode reads a node (RFC 7239 §6): an IPv4 address, or an IPv6 address in brackets, with a port or
// without. named is false for what hides itself.
func parseNode(node string) (address netip.Addr, named bool) {
	host := node
	if inner, found := strings.CutPrefix(node, "["); found {
		end := strings.IndexByte(inner, ']')
		if end < 0 || !isNodePort(inner[end+1:]) {
			return netip.Addr{}, false
		}
		address, err := netip.ParseAddr(inner[:end])
		return address, err == nil && address.Is6() && address.Zone() == ""
	}
	if colon := strings.IndexByte(host, ':'); colon >= 0 {
		if !isNodePort(host[colon:]) {
			return netip.Addr{}, false
		}
		host = host[:colon]
	}
	address, err := netip.ParseAddr(host)
	return address, err == nil && address.Is4()
}

// isNodePort reports whether a text is empty, or a colon with a port, which may be a hidden one (RFC 7239 §6).
func isNodePort(text string) bool {
	if text == "" {
		return true
	}
	port, found := strings.CutPrefix(text, ":")
	hidden := strings.HasPrefix(port, "_")
	for _, r := range []byte(strings.TrimPrefix(port, "_")) {
		digit := '0' <= r && r <= '9'
		letter := 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || r == '.' || r == '_' || r == '-'
		if !digit && (!hidden || !letter) {
			return false
		}
	}
	return found && port != "" && (hidden || len(port) <= 5)
}
