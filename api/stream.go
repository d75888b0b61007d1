package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/doorward/doorward/api/internal/streaming"
	"github.com/doorward/doorward/core"
)

// streamed are the operations whose bodies are read as they come, by the method and path that lead a request. They
// have a limit of their own, Options.ImportBodyLimit. Of all others the body is read before anything looks at it.
var streamed = map[string]bool{"POST /v1/users/import": true}

// bodyLimit is the longest body, in bytes, of a request with that line.
func (s *server) bodyLimit(line []byte) int64 {
	method, rest, _ := bytes.Cut(line, []byte(" "))
	target, _, _ := bytes.Cut(rest, []byte(" "))
	path, _, _ := bytes.Cut(target, []byte("?"))
	if streamed[string(method)+" "+string(path)] {
		return s.options.ImportBodyLimit
	}
	return int64(s.options.BodyLimit)
}

// gather reads the body of a request, for the server below hands out bodies as they come. That of an operation that is
// streamed is left where it is, and the connection, on which a part of it may be left unread, ends with the reply.
func (s *server) gather(request *fasthttp.RequestCtx) error {
	body := request.RequestBodyStream()
	if body == nil {
		return nil
	}
	if streamed[string(request.Method())+" "+string(request.URI().PathOriginal())] {
		request.Response.SetConnectionClose()
		return nil
	}
	text, err := readAtMost(body, request.Request.Header.ContentLength(), s.options.BodyLimit)
	if err != nil {
		return err
	}
	request.Request.SetBodyRaw(text)
	return nil
}

// readAtMost reads a body whose length is told, or is negative for one that comes in chunks.
func readAtMost(body io.Reader, length, limit int) ([]byte, error) {
	if length > limit {
		return nil, fasthttp.ErrBodyTooLarge
	}
	if length >= 0 {
		text := make([]byte, length)
		_, err := io.ReadFull(body, text)
		return text, err
	}
	text, err := io.ReadAll(io.LimitReader(body, int64(limit)+1))
	if err == nil && len(text) > limit {
		err = fasthttp.ErrBodyTooLarge
	}
	return text, err
}

// isPlainLines wants newline-delimited JSON, not compressed.
func isPlainLines(c *fiber.Ctx) bool {
	media, parameters, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	charset, told := parameters["charset"]
	return err == nil && media == streaming.Lines && (!told || strings.EqualFold(charset, "utf-8")) &&
		len(c.Request().Header.Peek(fiber.HeaderContentEncoding)) == 0
}

// incoming is a body that is read as it comes. A client may take as long as it likes for the whole, within the time of
// the operation, but not for any part.
type incoming struct {
	io.Reader
	conn     net.Conn
	patience time.Duration
	// end is when the time of the operation is over: a line that never ends must not outlast it.
	end time.Time
}

// Read implements io.Reader.
func (i incoming) Read(into []byte) (int, error) {
	until := time.Now().Add(i.patience)
	if until.After(i.end) {
		until = i.end
	}
	if err := i.conn.SetReadDeadline(until); err != nil {
		return 0, err
	}
	n, err := i.Reader.Read(into)
	if errors.Is(err, io.EOF) && goneOf(i.conn) {
		// The server below takes the end of the connection for that of the body.
		return n, io.ErrUnexpectedEOF
	}
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	if refusal := refusalOf(i.conn); refusal != nil {
		return n, refusal
	}
	// Within the size of a chunk the server below hides what it met behind an error that unwraps to nothing.
	if errors.Is(err, os.ErrDeadlineExceeded) || !time.Now().Before(until) {
		return n, fiber.ErrRequestTimeout
	}
	return n, err
}

// outgoing is a reply that is made while it is written: the server below reads it in pieces of some kilobytes, and
// waits for the client before it reads on. So there is never more of it than the part that is at hand.
type outgoing struct {
	server  *server
	ctx     context.Context //nolint:containedctx // that of the operation, which the reply is a part of
	cancel  context.CancelFunc
	conn    net.Conn
	source  streaming.Source
	rest    []byte
	err     error
	started time.Time
	route   string
}

// Read implements io.Reader. It runs where nobody recovers: a panic in the source ends the reply alone.
func (o *outgoing) Read(into []byte) (n int, err error) {
	for len(o.rest) == 0 {
		if o.err != nil {
			return 0, o.err
		}
		o.fill()
	}
	n = copy(into, o.rest)
	o.rest = o.rest[n:]
	return n, o.conn.SetWriteDeadline(time.Now().Add(o.server.options.WriteTimeout))
}

func (o *outgoing) fill() {
	defer func() {
		if cause := recover(); cause != nil {
			o.err = core.Internal(fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
		}
	}()
	o.rest, o.err = o.source.Next(o.ctx)
}

// Close implements io.Closer. It is called at the end of the reply, and when the client is gone before that.
func (o *outgoing) Close() error {
	o.cancel()
	whole := errors.Is(o.err, io.EOF)
	if err := o.source.Close(whole); err != nil {
		o.server.deps.Log.WarnContext(o.ctx, "end of a stream not written down", "route", o.route, "error", err)
	}
	attributes := []slog.Attr{
		slog.String("route", o.route), slog.Duration("took", time.Since(o.started)), slog.Bool("whole", whole),
		slog.String("request_id", core.ClientFrom(o.ctx).RequestID),
	}
	if o.err != nil && !whole {
		attributes = append(attributes, slog.String("error", o.err.Error()))
	}
	o.server.deps.Log.LogAttrs(o.ctx, slog.LevelInfo, "stream", attributes...)
	return nil
}

// transport hands bodies and replies over to operations that are streamed.
type transport struct{ server *server }

// Body gives the body of a request as it comes, for what was gathered otherwise from memory.
func (t transport) Body(c *fiber.Ctx) io.Reader {
	body := c.Context().RequestBodyStream()
	if body == nil {
		return bytes.NewReader(c.Request().Body())
	}
	options := t.server.options
	return incoming{
		Reader: body, conn: c.Context().Conn(), patience: options.ReadTimeout, end: time.Now().Add(options.StreamTimeout),
	}
}

// Send answers with what the source gives. The first part is asked for before the status is told, so that what is
// refused at once is refused in the usual way. Later failures end the reply before its end, which clients see as a
// message that is cut short (RFC 9112 §8): the status has left already.
func (t transport) Send(c *fiber.Ctx, media string, source streaming.Source) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), t.server.options.StreamTimeout)
	reply := &outgoing{
		server: t.server, ctx: ctx, cancel: cancel, conn: c.Context().Conn(), source: source, started: time.Now(),
		route: routeTemplate(c),
	}
	reply.fill()
	if reply.err != nil && !errors.Is(reply.err, io.EOF) {
		err := reply.err
		_ = reply.Close()
		return err
	}
	c.Status(http.StatusOK).Set(fiber.HeaderContentType, media)
	c.Context().SetBodyStream(reply, -1)
	return nil
}
