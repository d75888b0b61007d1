// Package streaming is what operations say to an edge that reads their bodies as they come, and writes their replies as
// they are made.
package streaming

import (
	"context"
	"io"

	"github.com/gofiber/fiber/v2"
)

// The media types of streams.
const (
	// Lines is newline-delimited JSON: one value per line, each line ended by LF.
	Lines = "application/x-ndjson"
	// JSON is one JSON document.
	JSON = "application/json"
)

// Source makes a reply part by part. It is used by one goroutine at a time.
type Source interface {
	// Next gives the next part, which is good until it is called again; with io.EOF the last one, or none. Any other
	// error ends the reply before its end. ctx ends when the client is gone or the time of the operation is up.
	Next(ctx context.Context) ([]byte, error)
	// Close is called once, after the last Next. whole tells that the reply was made to its end.
	Close(whole bool) error
}

// Transport is the edge.
type Transport interface {
	// Body gives the body of the request as it comes, within the limit of the operation.
	Body(c *fiber.Ctx) io.Reader
	// Send answers 200 with what the source gives. The error is that of the first part, for the reply to tell of;
	// the source is closed then.
	Send(c *fiber.Ctx, media string, source Source) error
}
