package api

import (
	"bytes"
	"errors"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/doorward/doorward/core"
)

var (
	errFraming = core.NewError(core.KindInvalid, core.CodeInvalidInput, "The request's header fields are ambiguous.")
	errMethod  = core.NewError(core.KindInvalid, core.CodeInvalidInput, "This method is not known.")
)

// guardFraming puts a check before everything else, router included: requests that two servers could cut
// apart differently (RFC 9112 §6.3) are refused and their connection closed. The server below accepts
// them, so a proxy in front and this server could see different requests in one stream.
func (s *server) guardFraming(app *fiber.App) {
	next := app.Handler()
	app.Server().Handler = func(request *fasthttp.RequestCtx) {
		err := checkFraming(request.Request.Header.RawHeaders())
		if err == nil && !knownMethods[string(request.Method())] {
			err = errMethod
		}
		if err == nil {
			next(request)
			return
		}
		c := app.AcquireCtx(request)
		defer app.ReleaseCtx(c)
		if s.refuse(c, err) != nil {
			request.SetStatusCode(fasthttp.StatusInternalServerError)
		}
	}
}

var knownMethods = func() map[string]bool {
	known := make(map[string]bool)
	for _, method := range fiber.DefaultMethods {
		known[method] = true
	}
	return known
}()

// once are the fields that a request may carry only once.
var once = map[string]bool{
	"content-length": true, "transfer-encoding": true, "host": true, "authorization": true, "content-type": true,
}

// checkFraming reads the raw header fields: no folded lines, no space before a colon, no stray line
// ends, one length and not two ways to tell it, and only the transfer coding that every server knows.
func checkFraming(raw []byte) error {
	seen := make(map[string]bool, len(once))
	for line := range bytes.Lines(raw) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			continue
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found || len(name) == 0 || bytes.ContainsAny(name, " \t") || bytes.ContainsAny(line, "\r\x00") {
			return errFraming
		}
		field := string(bytes.ToLower(name))
		if !once[field] {
			continue
		}
		if seen[field] {
			return errFraming.Because(errors.New(field + " twice"))
		}
		seen[field] = true
		if field == "transfer-encoding" && !bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked")) {
			return errFraming.Because(errors.New("transfer coding"))
		}
	}
	if seen["content-length"] && seen["transfer-encoding"] {
		return errFraming.Because(errors.New("content-length with transfer-encoding"))
	}
	return nil
}
