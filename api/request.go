package api

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/core"
)

// edge surrounds every request: it names the request and its client, sets the deadline, turns errors and
// panics into replies, completes the header fields, and writes the log. Log and metrics know the route's
// template and never the path or query, which can hold secrets.
func (s *server) edge(c *fiber.Ctx) error {
	started := time.Now()
	client := s.client(c)
	ctx, cancel := context.WithTimeout(core.WithClient(context.Background(), client), s.options.RequestTimeout)
	defer cancel()
	c.SetUserContext(ctx)
	var failed failure
	if s.share(c) {
		s.finish(c, client.RequestID)
		s.record(c, client, failed, time.Since(started))
		return nil
	}
	if err := s.next(c); err != nil {
		failed = declared(c, classify(s.countUnrouted(c, err)))
		if err := writeProblem(c, failed, client.RequestID); err != nil {
			return err
		}
	}
	if shown, ok := c.Locals(failureLocal).(failure); ok {
		failed = shown
	}
	s.finish(c, client.RequestID)
	s.record(c, client, failed, time.Since(started))
	return nil
}

// failureLocal is where pages leave a failure that they have told in their own way, for the log.
const failureLocal = "doorward-failure"

// declared turns a failure that the contract does not let the operation answer into a fault of ours: a
// client could not have been written for it.
func declared(c *fiber.Ctx, failed failure) failure {
	described, routed := c.Locals(operationLocal).(*operation)
	if !routed || described.declared[failed.status] {
		return failed
	}
	cause := fmt.Errorf("%s does not declare %d: %w", described.id, failed.status, failed.Error)
	return failure{http.StatusInternalServerError, core.Internal(cause)}
}

// next runs the rest of the chain; a panic in it is an error like any other.
func (s *server) next(c *fiber.Ctx) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = core.Internal(fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
		}
	}()
	return c.Next()
}

// refuse answers requests that never reach the edge: those that could not be read. What follows on their
// connection cannot be trusted to be a request.
func (s *server) refuse(c *fiber.Ctx, err error) error {
	c.Response().SetConnectionClose()
	client := s.client(c)
	c.SetUserContext(core.WithClient(context.Background(), client))
	if limited := s.count(c, plan{}, false); limited != nil {
		err = limited
	}
	failed := classify(err)
	if err := writeProblem(c, failed, client.RequestID); err != nil {
		return err
	}
	s.finish(c, client.RequestID)
	s.record(c, client, failed, 0)
	return nil
}

// unrouted stands in logs and metrics for requests that no route took.
const unrouted = "unrouted"

func routeTemplate(c *fiber.Ctx) string {
	// The edge itself is mounted at the root: a request that no route took ends there.
	if route := c.Route().Path; route != "/" {
		return route
	}
	return unrouted
}

func (s *server) record(c *fiber.Ctx, client core.Client, failed failure, took time.Duration) {
	status, route := c.Response().StatusCode(), routeTemplate(c)
	if s.deps.Observer != nil {
		s.deps.Observer.Observe(c.Method(), route, status, took)
	}
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError && !s.leaving(route) {
		level = slog.LevelError
	}
	if ctx := c.UserContext(); s.deps.Log.Enabled(ctx, level) {
		attributes := []slog.Attr{
			slog.String("method", c.Method()), slog.String("route", route), slog.Int("status", status),
			slog.Duration("took", took), slog.String("request_id", client.RequestID),
			slog.String("ip", client.IP.String()),
		}
		if failed.Error != nil {
			attributes = append(attributes, slog.String("code", string(failed.Code)))
			if level == slog.LevelError && failed.Err != nil {
				attributes = append(attributes, slog.String("error", failed.Err.Error()))
			}
		}
		s.deps.Log.LogAttrs(ctx, level, "request", attributes...)
	}
}

// leaving reports whether a server that is on its way down answers here that it is not ready. That is planned:
// every shutdown would else look like a fault.
func (s *server) leaving(route string) bool {
	return route == "/health/ready" && s.deps.Health.Draining()
}

// maxUserAgent is how much of a User-Agent is looked at; browsers' are below 300 bytes.
const maxUserAgent = 512

func (s *server) client(c *fiber.Ctx) core.Client {
	return core.Client{
		IP:        s.clientIP(c),
		UserAgent: printable(c.Get(fiber.HeaderUserAgent), maxUserAgent),
		RequestID: s.requestID(c.Get(fiber.HeaderXRequestID)),
		Languages: printable(c.Get(fiber.HeaderAcceptLanguage), maxUserAgent),
	}
}

// requestID takes a well-formed id over and makes one otherwise.
func (s *server) requestID(given string) string {
	if validRequestID(given) {
		return given
	}
	return s.deps.IDs.New().String()
}

// validRequestID holds an id of a client to letters that cannot forge a line of a log.
func validRequestID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, r := range []byte(id) {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '_', r == '-':
		default:
			return false
		}
	}
	return true
}

// printable cuts a text of the client to a length and drops what a terminal or log could take for more
// than text.
func printable(text string, limit int) string {
	if len(text) > limit {
		text = text[:limit]
	}
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}

func (s *server) isTrusted(address netip.Addr) bool {
	return slices.ContainsFunc(s.options.TrustedProxies, func(prefix netip.Prefix) bool { return prefix.Contains(address) })
}

// peer is the address at the other end of the connection.
func peer(c *fiber.Ctx) netip.Addr {
	address, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	return address.Unmap()
}

// forwarding are the fields by which a proxy, or a tunnel to this machine, gives itself away.
var forwarding = [...]string{
	fiber.HeaderXForwardedFor, fiber.HeaderForwarded, fiber.HeaderXForwardedHost, fiber.HeaderXForwardedProto,
	"X-Real-Ip", fiber.HeaderVia,
}

// isLocal reports whether a request comes from this machine and means it: the peer is on the loopback
// interface, no proxy forwarded it, and the name that was asked for is a local one. A name of somebody else
// that resolves to 127.0.0.1 is how a page of theirs would read what is meant for this machine alone.
func isLocal(c *fiber.Ctx) bool {
	header := &c.Request().Header
	for _, name := range forwarding {
		if len(header.Peek(name)) > 0 {
			return false
		}
	}
	host := string(header.Host())
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	named, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return peer(c).IsLoopback() && (host == "localhost" || err == nil && named.IsLoopback())
}
