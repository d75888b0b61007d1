package api

import (
	"cmp"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/core/signin"
)

// signedInReply answers whatever a sign-in ended with, in the transport that the client asked for. It is the
// one place where tokens leave; the replies that are generated cannot set two cookies.
type signedInReply struct {
	status   int
	signedIn signin.SignedIn
	bindings Bindings
}

// signedIn makes the reply.
func (d Deps) signedIn(status int, signedIn signin.SignedIn) signedInReply {
	return signedInReply{status: status, signedIn: signedIn, bindings: d.Bindings}
}

func (r signedInReply) send(c *fiber.Ctx) error {
	body := encodeSignedIn(r.signedIn)
	if brought := visitFrom(c.UserContext()); brought.cookies {
		if err := setAll(c, r.cookies(brought.jar)...); err != nil {
			return err
		}
		c.Set(csrfField, r.bindings.Bind(r.signedIn.Session.ID))
		body.Tokens.AccessToken, body.Tokens.RefreshToken, body.DeviceToken = "", "", ""
	}
	return make(document, 0, signedInSize).signedIn(body).send(c, r.status)
}

// cookies replace whatever the browser had before it signed in, so that nothing planted there lives on (OWASP
// ASVS 5.0 7.2.4). What made it known lasts anew from each sign-in.
func (r signedInReply) cookies(brought jar) []cookie {
	tokens := r.signedIn.Tokens
	set := []cookie{
		{name: accessCookie, value: tokens.Access, path: "/", left: tokens.ExpiresIn},
		{name: refreshCookie, value: tokens.Refresh, path: refreshPath, left: tokens.RefreshExpiresIn},
		csrfCookieOf(r.bindings, r.signedIn.Session.ID, tokens.RefreshExpiresIn),
	}
	device := cmp.Or(r.signedIn.DeviceToken, brought.device.value)
	if device != "" && r.signedIn.DeviceExpiresIn > 0 {
		set = append(set, deviceCookieOf(device, r.signedIn.DeviceExpiresIn))
	}
	return set
}

// VisitRegisterResponse writes the reply.
func (r signedInReply) VisitRegisterResponse(c *fiber.Ctx) error { return r.send(c) }

// VisitVerifyEmailResponse writes the reply.
func (r signedInReply) VisitVerifyEmailResponse(c *fiber.Ctx) error { return r.send(c) }

// VisitLoginResponse writes the reply.
func (r signedInReply) VisitLoginResponse(c *fiber.Ctx) error { return r.send(c) }

// VisitRefreshResponse writes the reply.
func (r signedInReply) VisitRefreshResponse(c *fiber.Ctx) error { return r.send(c) }

// VisitReauthenticateResponse writes the reply.
func (r signedInReply) VisitReauthenticateResponse(c *fiber.Ctx) error { return r.send(c) }
