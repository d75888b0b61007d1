package api

import (
	"github.com/gofiber/fiber/v2"
)

// finish completes a reply: the header fields that every one carries, and its compression.
func (s *server) finish(c *fiber.Ctx, requestID string) {
	described, _ := c.Locals(operationLocal).(*operation)
	header := &c.Response().Header
	header.Set(fiber.HeaderXRequestID, requestID)
	header.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	header.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	if described != nil && described.rule.public != "" && c.Response().StatusCode() == fiber.StatusOK {
		header.Set(fiber.HeaderCacheControl, described.rule.public)
	}
	fallback(c, fiber.HeaderCacheControl, "no-store")
	// Nothing that is not a page of ours has any business to run or be framed as one.
	fallback(c, fiber.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'")
	if s.deps.Health.Draining() {
		header.Set(fiber.HeaderConnection, "close")
	}
	if c.Locals(secretLocal) == nil && (described == nil || !described.rule.secret) {
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
