package api

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// What pages of allowed origins may do (the CORS protocol of the Fetch standard, §3.2). Nothing else is asked
// for anywhere, so the lists are fixed, and the same for all paths.
const (
	sharedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	sharedFields  = "Authorization, Content-Type, Idempotency-Key, X-CSRF-Token, X-Request-Id, X-Token-Transport"
	exposedFields = "X-CSRF-Token, X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, " + replayedField
	// preflightAge is for how many seconds a browser need not ask again: so long may an origin that was taken
	// off the list still send, though not read.
	preflightAge = "600"
)

// isShared tells the paths that pages of other origins may call. The pages of this server and the development
// mailbox are nobody else's.
func isShared(path string) bool {
	return strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/.well-known/")
}

// share tells a browser whether the page that called may read the reply. Only an origin of the list is ever
// named, to the letter; for all others, null among them, the fields are left out, and the browser keeps the
// reply from the page. It reports whether the request was only a question whether such a call would do: then
// it is answered, and no handler sees it.
func (s *server) share(c *fiber.Ctx) (preflight bool) {
	if s.private || !isShared(c.Path()) {
		return false
	}
	c.Vary(fiber.HeaderOrigin)
	origin := c.Get(fiber.HeaderOrigin)
	allowed := origin != "" && s.allows(origin)
	if allowed {
		c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
		c.Set(fiber.HeaderAccessControlAllowCredentials, "true")
	}
	preflight = c.Method() == fiber.MethodOptions && origin != "" && c.Get(fiber.HeaderAccessControlRequestMethod) != ""
	switch {
	case preflight:
		c.Vary(fiber.HeaderAccessControlRequestMethod, fiber.HeaderAccessControlRequestHeaders)
		if allowed {
			c.Set(fiber.HeaderAccessControlAllowMethods, sharedMethods)
			c.Set(fiber.HeaderAccessControlAllowHeaders, sharedFields)
			c.Set(fiber.HeaderAccessControlMaxAge, preflightAge)
		}
		c.Status(http.StatusNoContent)
	case allowed:
		c.Set(fiber.HeaderAccessControlExposeHeaders, exposedFields)
	}
	return preflight
}

// OriginOf cuts a URL down to scheme, host and port as browsers write them in Origin: in small letters, without
// the port that the scheme has anyway (RFC 6454 §6.2). What names no host has none.
func OriginOf(address string) string {
	parsed, err := url.Parse(strings.ToLower(address))
	if err != nil || parsed.Host == "" {
		return ""
	}
	port := parsed.Port()
	if port == "443" && parsed.Scheme == "https" || port == "80" && parsed.Scheme == "http" {
		parsed.Host = strings.TrimSuffix(parsed.Host, ":"+port)
	}
	return parsed.Scheme + "://" + parsed.Host
}
