package api

import (
	"strings"

	"github.com/gofiber/fiber/v2"
)

// field is one header field, its name as the wire has it.
type field struct{ name, value []byte }

// shield are the fields that every reply carries, errors and refusals included (OWASP ASVS 5.0 3.4): nothing
// is guessed to be of another type, framed, or read by another site, no address of ours is told to others, and
// no page of ours can reach a device.
var shield = [...]field{
	{[]byte(fiber.HeaderXContentTypeOptions), []byte("nosniff")},
	{[]byte(fiber.HeaderXFrameOptions), []byte("DENY")},
	{[]byte(fiber.HeaderReferrerPolicy), []byte("no-referrer")},
	{
		[]byte("Permissions-Policy"),
		[]byte("camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
	},
	{[]byte("Cross-Origin-Opener-Policy"), []byte("same-origin")},
	{[]byte("Cross-Origin-Resource-Policy"), []byte("same-origin")},
}

const (
	// nothingRuns is for what is not a page of ours: it has no business to run or be framed as one.
	nothingRuns = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
	// onlyTLS keeps browsers from ever asking without TLS again for two years, where a year is the least
	// (OWASP ASVS 5.0 3.4.1).
	onlyTLS = "max-age=63072000; includeSubDomains"
)

// overTLS reports whether the server is reached by https.
func (s *server) overTLS() bool { return strings.HasPrefix(s.origin, "https:") }

// finish completes a reply: the header fields that every one carries, and its compression.
func (s *server) finish(c *fiber.Ctx, requestID string) {
	described, _ := c.Locals(operationLocal).(*operation)
	header := &c.Response().Header
	header.Set(fiber.HeaderXRequestID, requestID)
	for _, each := range shield {
		header.SetCanonical(each.name, each.value)
	}
	if s.overTLS() {
		header.Set(fiber.HeaderStrictTransportSecurity, onlyTLS)
	}
	if described != nil && described.rule.public != "" && c.Response().StatusCode() == fiber.StatusOK {
		header.Set(fiber.HeaderCacheControl, described.rule.public)
	}
	fallback(c, fiber.HeaderCacheControl, "no-store")
	fallback(c, fiber.HeaderContentSecurityPolicy, nothingRuns)
	if s.deps.Health.Draining() {
		header.Set(fiber.HeaderConnection, "close")
	}
	// What is written as it is made has no length yet, and is not held up to be compressed.
	if c.Locals(secretLocal) == nil && (described == nil || !described.rule.secret) && !c.Response().IsBodyStream() {
		compress(c)
	}
}

// secretLocal is set by pages that hold a token.
const secretLocal = "doorward-secret"

func fallback(c *fiber.Ctx, name, value string) {
	if len(c.Response().Header.Peek(name)) == 0 {
		c.Set(name, value)
	}
}
