package api

import (
	"bytes"
	"errors"
	"slices"
	"strings"

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
var once = [...]string{"content-length", "transfer-encoding", "host", "authorization", "content-type"}

// The places in once of the two ways to tell the length of a body.
const (
	lengthField = iota
	codingField
)

// checkFraming reads the raw header fields: no folded lines, no space before a colon, no stray line
// ends, one length and not two ways to tell it, and only the transfer coding that every server knows.
func checkFraming(raw []byte) error {
	var seen [len(once)]bool
	if bytes.IndexByte(raw, 0) >= 0 {
		return errFraming
	}
	for len(raw) > 0 {
		var line []byte
		line, raw, _ = bytes.Cut(raw, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			continue
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found || !isFieldName(name) || bytes.IndexByte(value, '\r') >= 0 {
			return errFraming
		}
		at := slices.IndexFunc(once[:], func(field string) bool { return equalFold(name, field) })
		switch {
		case at < 0:
			continue
		case seen[at]:
			return errFraming.Because(errors.New(once[at] + " twice"))
		case at == codingField && !equalFold(bytes.TrimSpace(value), "chunked"):
			return errFraming.Because(errors.New("transfer coding"))
		}
		seen[at] = true
	}
	if seen[lengthField] && seen[codingField] {
		return errFraming.Because(errors.New("content-length with transfer-encoding"))
	}
	return nil
}

// isFieldName reports whether a name could be one: the point is that nothing hides around it.
func isFieldName(name []byte) bool {
	return len(name) > 0 && !slices.ContainsFunc(name, func(b byte) bool { return b <= ' ' || b > '~' })
}

// equalFold compares without a copy; most names differ in length already.
func equalFold(text []byte, word string) bool {
	return len(text) == len(word) && strings.EqualFold(string(text), word)
}
