package api

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/doorward/doorward/core"
)

var (
	errMethod = core.NewError(core.KindInvalid, core.CodeInvalidInput, "This method is not known.")
	errCrowd  = &core.Error{
		Kind: core.KindUnavailable, Code: core.CodeOverloaded, Message: "Too many connections are open.",
		RetryAfter: time.Second,
	}
)

// spare is how many connections beyond the limit are answered at once; they get one refusal and are closed. Only
// those beyond that are closed with the bare words of the server below.
const spare = 256

// Serve answers what comes in at a listener until the application, which New or NewAdmin made, is shut down. It
// stands between the wire and a server below that would put up with what this package refuses.
func Serve(app *fiber.App, listener net.Listener) error {
	server := app.Server()
	return app.Listener(&gate{Listener: listener, limit: int64(server.Concurrency - spare), heads: server.ReadBufferSize})
}

// gate lets connections in, counts them, and has each followed.
type gate struct {
	net.Listener
	limit int64
	heads int
	open  atomic.Int64
}

// Accept waits for the next connection. One beyond the limit is let in to be told so.
func (g *gate) Accept() (net.Conn, error) {
	accepted, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	made := &connection{Conn: accepted, frames: frames{limit: g.heads}}
	made.leave = sync.OnceFunc(func() { g.open.Add(-1) })
	if g.open.Add(1) > g.limit {
		made.refusal = errCrowd
	}
	return made, nil
}

// connection hands on what is framed well and nothing behind it.
type connection struct {
	net.Conn
	frames  frames
	refusal error
	leave   func()
	// gone tells that the client sends no more.
	gone bool
}

// Read gives bytes of well-framed requests, or what is wrong.
func (c *connection) Read(into []byte) (int, error) {
	if c.refusal != nil {
		return 0, c.refusal
	}
	n, err := c.Conn.Read(into)
	c.gone = errors.Is(err, io.EOF)
	good, flaw := c.frames.follow(into[:n])
	if c.refusal = flaw; flaw == nil {
		return n, err
	}
	if good == 0 {
		return 0, flaw
	}
	return good, nil
}

// How long, and how many bytes, a client that was answered amid its request is heard out.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 4 << 20
)

// Close closes the connection, which then counts no more.
func (c *connection) Close() error {
	defer c.leave()
	if c.refusal != nil && !errors.Is(c.refusal, errCrowd) || c.frames.midway() {
		c.linger()
	}
	return c.Conn.Close()
}

// linger hears out a client that is still sending, within bounds: a connection that is closed over bytes that
// nobody has read is reset, and that takes the answer away from who has not read it yet (RFC 9112 §9.6).
func (c *connection) linger() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes) // whatever comes of it, the connection is closed
}

// guardConnections answers for the server below: what its connections refuse, and methods that nobody knows.
func (s *server) guardConnections(app *fiber.App) {
	handle, fail := app.Handler(), app.Server().ErrorHandler
	broken := func(request *fasthttp.RequestCtx, err error) {
		if refusal := refusalOf(request.Conn()); refusal != nil {
			s.refuseRaw(app, request, refusal)
			return
		}
		fail(request, err)
	}
	app.Server().Handler = func(request *fasthttp.RequestCtx) {
		err := s.gather(request)
		// The server below takes an error behind the last chunk of a body for its end.
		switch refusal := refusalOf(request.Conn()); {
		case refusal != nil:
			s.refuseRaw(app, request, refusal)
		case err != nil:
			broken(request, err)
		case !knownMethods[string(request.Method())]:
			s.refuseRaw(app, request, errMethod)
		default:
			handle(request)
		}
	}
	app.Server().ErrorHandler = broken
	app.Server().ConnState = func(carrier net.Conn, state fasthttp.ConnState) {
		if held, ok := carrier.(*connection); ok && state == fasthttp.StateNew {
			held.frames.bodies = s.bodyLimit
		}
	}
}

// refusalOf tells what a connection was refused for, nil if for nothing.
func refusalOf(carrier net.Conn) error {
	if held, ok := carrier.(*connection); ok {
		return held.refusal
	}
	return nil
}

// goneOf tells whether the client has stopped sending, which it does amid a body if the body wants more.
func goneOf(carrier net.Conn) bool {
	held, ok := carrier.(*connection)
	return ok && held.gone
}

// refuseRaw is refuse for requests that the router has not seen.
func (s *server) refuseRaw(app *fiber.App, request *fasthttp.RequestCtx, cause error) {
	c := app.AcquireCtx(request)
	defer app.ReleaseCtx(c)
	if err := s.refuse(c, cause); err != nil {
		s.deps.Log.Error("refusal not written", "error", fmt.Errorf("%w, refusing %w", err, cause))
		request.SetStatusCode(fasthttp.StatusInternalServerError)
	}
}

var knownMethods = func() map[string]bool {
	known := make(map[string]bool)
	for _, method := range fiber.DefaultMethods {
		known[method] = true
	}
	return known
}()
