package api

import (
	"errors"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/doorward/doorward/core"
)

// The cookies of browsers that asked for them. Their prefixes make a browser refuse them from a page without
// TLS and, with __Host-, from any other host, so that no neighbour can lay one in wait (RFC 6265bis §4.1.3).
// The refresh token has a narrower path than __Host- permits: it travels only where it is of use.
const (
	accessCookie  = "__Host-access"
	refreshCookie = "__Secure-refresh"
	csrfCookie    = "__Host-csrf"
	deviceCookie  = "__Host-device"

	refreshPath = "/v1/auth"
)

// maxCookie is the longest name and value together, in bytes, that every browser keeps (RFC 6265 §6.1, OWASP
// ASVS 5.0 3.3.5).
const maxCookie = 4096

// cookie is one that a reply sets. It belongs to this host alone, and goes out on navigations from elsewhere
// but not on what other sites send (SameSite=Lax).
type cookie struct {
	name, value, path string
	// left is how long it lasts; none takes it away.
	left time.Duration
	// readable lets scripts of the page see it.
	readable bool
}

// set adds a cookie to a reply.
func (k cookie) set(c *fiber.Ctx) error {
	if len(k.name)+len(k.value) > maxCookie {
		return core.Internal(errors.New(k.name + " is too long for browsers to keep"))
	}
	text := k.name + "=" + k.value + "; Path=" + k.path + "; Max-Age=" + strconv.FormatInt(wholeSeconds(k.left), 10) +
		"; Secure; SameSite=Lax"
	if !k.readable {
		text += "; HttpOnly"
	}
	c.Response().Header.Add(fiber.HeaderSetCookie, text)
	return nil
}

// csrfCookieOf carries the token of a session to its pages, which last as long as the session may rest.
func csrfCookieOf(bindings Bindings, session core.ID, left time.Duration) cookie {
	return cookie{name: csrfCookie, value: bindings.Bind(session), path: "/", left: left, readable: true}
}

// deviceCookieOf makes a browser a known device for as long as it lasts.
func deviceCookieOf(token string, left time.Duration) cookie {
	return cookie{name: deviceCookie, value: token, path: "/", left: left}
}

// setAll adds cookies to a reply, all of them or an error.
func setAll(c *fiber.Ctx, cookies ...cookie) error {
	for _, each := range cookies {
		if err := each.set(c); err != nil {
			return err
		}
	}
	return nil
}

// dropCookies takes away what signed a browser in. What it is known by as a device stays.
func dropCookies(c *fiber.Ctx) error {
	return setAll(c,
		cookie{name: accessCookie, path: "/"},
		cookie{name: refreshCookie, path: refreshPath},
		cookie{name: csrfCookie, path: "/", readable: true},
	)
}

// jar is what a browser keeps of us, as a request presents it.
type jar struct {
	access, csrf, device single
	// refresh may hold several: other hosts of the same domain can add to it, so none is believed before the
	// page has confirmed it.
	refresh []string
}

// single is a cookie of which a browser keeps one. Where two are sent, neither can be told to be ours.
type single struct {
	value string
	seen  bool
}

func (s *single) take(value []byte) {
	if s.value = string(value); s.seen {
		s.value = ""
	}
	s.seen = true
}

func readJar(header *fasthttp.RequestHeader) jar {
	var held jar
	header.VisitAllCookie(func(name, value []byte) {
		switch string(name) {
		case accessCookie:
			held.access.take(value)
		case csrfCookie:
			held.csrf.take(value)
		case deviceCookie:
			held.device.take(value)
		case refreshCookie:
			held.refresh = append(held.refresh, string(value))
		}
	})
	return held
}
