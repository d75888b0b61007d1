package api

import (
	"context"
	"crypto/subtle"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/session"
	"github.com/doorward/doorward/core/signin"
)

// The header fields of browsers that carry their tokens in cookies.
const (
	// transportField asks for cookies, with the value byCookie.
	transportField = "X-Token-Transport"
	byCookie       = "cookie"
	// csrfField repeats the readable cookie: only pages that the server allows can know it, and only they can
	// send the field at all. Replies carry it for pages on other hosts, which do not see the cookie.
	csrfField = "X-CSRF-Token"
)

// CodeCSRFFailed is told to calls with cookies that another site may have caused.
const CodeCSRFFailed core.Code = "csrf_failed"

var errCSRF = core.NewError(core.KindForbidden, CodeCSRFFailed,
	"This request may have been sent by another site. Send the CSRF token along, from an allowed origin.")

// visit is what only browsers bring along, and what became of it.
type visit struct {
	jar jar
	// token is the CSRF token that the page sent.
	token string
	// foreign marks a request that a page of another site sent.
	foreign bool
	// cookies says that tokens go back in cookies: the client asked for that, or its own came in one. Nothing
	// that came in a cookie goes back in a body, where a script could read it.
	cookies bool
	// believed says that what the request acts on came in a cookie.
	believed bool
	// disbelieved is the session that the request would have acted on, had its page been believed.
	disbelieved session.Session
}

type visitKey struct{}

// visitFrom gives the visit of a request; one that brought nothing has an empty one.
func visitFrom(ctx context.Context) *visit {
	if brought, ok := ctx.Value(visitKey{}).(*visit); ok {
		return brought
	}
	return &visit{}
}

// meet looks at what a browser brings along. A sign-in that sets cookies must have been asked for by a page
// of ours: else another site could sign its visitors in as somebody else (login CSRF). The header field
// itself is what no form can send.
func (s *server) meet(c *fiber.Ctx, demanded rule) error {
	asks := demanded.signsIn && c.Get(transportField) == byCookie
	if !asks && len(c.Request().Header.Peek(fiber.HeaderCookie)) == 0 {
		return nil
	}
	brought := &visit{jar: readJar(&c.Request().Header), token: c.Get(csrfField), foreign: s.isForeign(c), cookies: asks}
	c.SetUserContext(context.WithValue(c.UserContext(), visitKey{}, brought))
	if asks && brought.foreign {
		return errCSRF
	}
	return nil
}

// isForeign reports whether a page of a site that is not allowed sent a request. Browsers tell where a request
// that may change something comes from; what tells neither is none, or holds no cookies of ours but by the
// will of its user. An Origin of null could be anybody's.
func (s *server) isForeign(c *fiber.Ctx) bool {
	site := c.Get("Sec-Fetch-Site")
	fromHere := site == "" || site == "same-origin"
	switch origin := c.Get(fiber.HeaderOrigin); origin {
	case "", s.origin:
		return !fromHere
	default:
		return !s.allows(origin)
	}
}

// allows reports whether an origin is one of the list, to the letter.
func (s *server) allows(origin string) bool { return slices.Contains(s.options.AllowedOrigins, origin) }

// believeCookie decides whether to act on a session that a cookie names; where Authorization does, there is
// nothing to decide. Reading needs no more than the cookie, as no other site can read the reply; a page whose
// CSRF token was lost, or is of another session, is given one again.
func (s *server) believeCookie(c *fiber.Ctx, caller signin.Authenticated) error {
	brought, held := visitFrom(c.UserContext()), caller.Session
	switch {
	case c.Get(fiber.HeaderAuthorization) != "":
		return nil
	case !isSafe(c.Method()):
		if err := brought.confirm(s.deps.Bindings, held.ID); err != nil {
			brought.disbelieved = held
			return err
		}
	case !s.deps.Bindings.Bound(brought.jar.csrf.value, held.ID):
		fresh := csrfCookieOf(s.deps.Bindings, held.ID, held.IdleExpiresAt.Sub(s.deps.Clock.Now()))
		c.Set(csrfField, fresh.value)
		if err := fresh.set(c); err != nil {
			return err
		}
	}
	brought.cookies, brought.believed = true, true
	return nil
}

// tellToken repeats the CSRF token to a page that reads, also where its access token has expired: a page on
// another host of the site cannot see the cookie and needs the token to refresh. It can read this reply, which
// no page of a site that is not allowed can.
func tellToken(c *fiber.Ctx) {
	if held := visitFrom(c.UserContext()).jar.csrf.value; isSafe(c.Method()) && isToken(held) {
		c.Set(csrfField, held)
	}
}

// isSafe tells the methods that change nothing (RFC 9110 §9.2.1).
func isSafe(method string) bool { return method == fiber.MethodGet || method == fiber.MethodHead }

// confirm holds the token of the page against its cookie and against the session: a token of another session,
// which somebody may have planted, is as good as none.
func (v *visit) confirm(bindings Bindings, session core.ID) error {
	repeated := v.token != "" && subtle.ConstantTimeCompare([]byte(v.token), []byte(v.jar.csrf.value)) == 1
	if v.foreign || !repeated || !bindings.Bound(v.token, session) {
		return errCSRF
	}
	return nil
}

// refreshToken gives the refresh token that a request presents: the one of its body, else the one among its
// cookies that the page confirms; none is an empty text. Cookies that are no tokens of ours at all are handed
// on, for the use case to refuse.
func (d Deps) refreshToken(ctx context.Context, inBody string) (string, error) {
	brought := visitFrom(ctx)
	if inBody != "" || len(brought.jar.refresh) == 0 {
		return inBody, nil
	}
	if brought.foreign {
		return "", errCSRF
	}
	genuine := false
	for _, candidate := range brought.jar.refresh {
		session, err := d.Bindings.SessionOf(candidate)
		if err != nil {
			continue
		}
		if brought.confirm(d.Bindings, session) == nil {
			brought.cookies, brought.believed = true, true
			return candidate, nil
		}
		genuine = true
	}
	if genuine {
		return "", errCSRF
	}
	brought.cookies, brought.believed = true, true
	return brought.jar.refresh[0], nil
}

// settle takes the cookies of a session away once it is over: after a sign-out, and where a refresh token is
// refused for good. The browser is told to forget what it kept of our pages too, but not by the other words
// of Clear-Site-Data: "cookies" would reach every host of the domain and the known device, "storage" whatever
// else lives at this origin.
func settle(c *fiber.Ctx, demanded rule, err error) error {
	if !visitFrom(c.UserContext()).believed {
		return err
	}
	switch {
	case err == nil && demanded.leaves:
		c.Set("Clear-Site-Data", `"cache"`)
		return dropCookies(c)
	case err != nil && demanded.trades && core.AsError(err).Kind == core.KindUnauthenticated:
		if dropped := dropCookies(c); dropped != nil {
			return dropped
		}
	}
	return err
}
