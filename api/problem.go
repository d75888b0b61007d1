package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core"
)

// statuses is the one table that turns kinds of failure into HTTP.
var statuses = map[core.Kind]int{
	core.KindInternal:        http.StatusInternalServerError,
	core.KindInvalid:         http.StatusBadRequest,
	core.KindUnauthenticated: http.StatusUnauthorized,
	core.KindForbidden:       http.StatusForbidden,
	core.KindNotFound:        http.StatusNotFound,
	core.KindConflict:        http.StatusConflict,
	core.KindGone:            http.StatusGone,
	core.KindLimited:         http.StatusTooManyRequests,
	core.KindUnavailable:     http.StatusServiceUnavailable,
}

// statusOf is the status of a failure. A key that was given with another call is 422, as
// draft-ietf-httpapi-idempotency-key-header-07 §2.7 wants it, so that it is not taken for a call under way.
func statusOf(failed *core.Error) int {
	if failed.Code == core.CodeIdempotencyReused {
		return http.StatusUnprocessableEntity
	}
	return statuses[failed.Kind]
}

// failure is an error as it is told to the client.
type failure struct {
	status int
	*core.Error
}

// The failures of HTTP itself, which the domain does not know.
var transportFailures = map[int]*core.Error{
	http.StatusBadRequest: core.NewError(
		core.KindInvalid, core.CodeInvalidInput, "The request is not well-formed."),
	http.StatusNotFound: core.NewError(
		core.KindNotFound, core.CodeNotFound, "There is nothing here."),
	http.StatusMethodNotAllowed: core.NewError(
		core.KindInvalid, CodeMethodNotAllowed, "This path does not have this method."),
	http.StatusRequestTimeout: core.NewError(
		core.KindInvalid, CodeRequestTimeout, "The request did not arrive in time."),
	http.StatusRequestEntityTooLarge: core.NewError(
		core.KindInvalid, CodePayloadTooLarge, "The body is too large."),
	http.StatusUnsupportedMediaType: core.NewError(
		core.KindInvalid, CodeUnsupportedMediaType, "The body must be of the media type that the contract names, in UTF-8, not compressed."),
	http.StatusRequestHeaderFieldsTooLarge: core.NewError(
		core.KindInvalid, CodeHeadersTooLarge, "The header fields are too large."),
}

// The codes of failures that come from HTTP itself.
const (
	CodeMethodNotAllowed     core.Code = "method_not_allowed"
	CodeRequestTimeout       core.Code = "request_timeout"
	CodePayloadTooLarge      core.Code = "payload_too_large"
	CodeUnsupportedMediaType core.Code = "unsupported_media_type"
	CodeHeadersTooLarge      core.Code = "headers_too_large"
)

// timedOut is the answer when a request has used up its time. 503 and not 504: there is no gateway here.
var timedOut = &core.Error{
	Kind: core.KindUnavailable, Code: core.CodeTimeout, Message: "The request took too long.", RetryAfter: time.Second,
}

// classify finds out what to tell of an error. A deadline that passed counts as such however it is
// wrapped: stores report it as one thing, pools as another.
func classify(err error) failure {
	var transport *fiber.Error
	var domain *core.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return failure{statuses[timedOut.Kind], timedOut.Because(err)}
	case errors.As(err, &domain):
		return failure{statusOf(domain), domain}
	case errors.As(err, &transport):
		return classifyTransport(transport)
	default:
		return failure{http.StatusInternalServerError, core.Internal(err)}
	}
}

func classifyTransport(err *fiber.Error) failure {
	if known, ok := transportFailures[err.Code]; ok {
		return failure{err.Code, known.Because(err)}
	}
	if err.Code >= http.StatusBadRequest && err.Code < http.StatusInternalServerError {
		return failure{http.StatusBadRequest, transportFailures[http.StatusBadRequest].Because(err)}
	}
	return failure{http.StatusInternalServerError, core.Internal(err)}
}

// problem is the body that tells the failure.
func (f failure) problem(requestID string) oapi.Problem {
	code := f.Code
	if !oapi.ProblemCode(code).Valid() {
		// A code of a single field, raised where the field was the whole input.
		code = core.CodeInvalidInput
	}
	body := oapi.Problem{
		Type: "urn:doorward:problem:" + string(code), Title: titleOf(code), Status: f.status, Detail: f.Message,
		Code: oapi.ProblemCode(code), RequestID: requestID, Factors: f.Factors,
		AttemptsLeft: f.AttemptsLeft,
	}
	for _, field := range f.Fields {
		body.Errors = append(body.Errors, oapi.FieldError{
			Field: field.Field, Code: oapi.FieldCode(field.Code), Message: field.Message,
		})
	}
	return body
}

func titleOf(code core.Code) string {
	words := strings.ReplaceAll(string(code), "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// writeProblem is the one place where errors become replies.
func writeProblem(c *fiber.Ctx, f failure, requestID string) error {
	body, err := json.Marshal(f.problem(requestID))
	if err != nil {
		return err
	}
	header := &c.Response().Header
	header.SetContentType("application/problem+json")
	header.Set(fiber.HeaderContentLanguage, "en")
	header.Set(fiber.HeaderCacheControl, "no-store")
	tellWait(c, f)
	if f.status == http.StatusUnauthorized {
		header.Set(fiber.HeaderWWWAuthenticate, challenge(f.Code))
	}
	c.Status(f.status)
	c.Response().SetBodyRaw(body)
	return nil
}

// tellWait tells after how many seconds to try again, where that is known.
func tellWait(c *fiber.Ctx, f failure) {
	if f.RetryAfter > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.FormatInt(wholeSeconds(f.RetryAfter), 10))
	}
}

// challenge is the WWW-Authenticate of RFC 6750 §3: without an error where no token was presented.
func challenge(code core.Code) string {
	switch code {
	case core.CodeInvalidToken, core.CodeTokenExpired, core.CodeSessionEnded, core.CodeRefreshReused:
		return `Bearer error="invalid_token"`
	default:
		return "Bearer"
	}
}
