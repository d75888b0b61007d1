package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Error is a failure that the server told of. Branch on Code; for invalid_input look at Errors.
type Error struct{ Problem }

// Error names the operation's failure, and the fields that were wrong.
func (e *Error) Error() string {
	text := fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Detail)
	for _, field := range e.Errors {
		text += fmt.Sprintf(" [%s: %s]", field.Field, field.Message)
	}
	return text + " (request " + e.RequestID + ")"
}

// Reply is what the methods of ClientWithResponses return.
type Reply interface {
	StatusCode() int
	ContentType() string
	Bytes() []byte
}

// Failure gives an *Error for a reply of status 400 and above, and nil for every other. Replies that no
// Doorward server wrote, such as those of a proxy, become an *Error without a code.
func Failure(reply Reply) error {
	status := reply.StatusCode()
	if status < http.StatusBadRequest {
		return nil
	}
	failure := &Error{Problem: Problem{Status: status, Title: http.StatusText(status), Detail: http.StatusText(status)}}
	if !strings.HasPrefix(reply.ContentType(), "application/problem+json") {
		return failure
	}
	if err := json.Unmarshal(reply.Bytes(), &failure.Problem); err != nil {
		return fmt.Errorf("read the problem of a %d: %w", status, err)
	}
	return failure
}

// WithToken sends the access token that token gives with every request; an empty one sends none. It is
// asked before each request, so that refreshed tokens are used.
func WithToken(token func() string) ClientOption {
	return WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
		if raw := token(); raw != "" {
			request.Header.Set("Authorization", "Bearer "+raw)
		}
		return nil
	})
}
