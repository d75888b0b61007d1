// Package specguard holds replies against the contract, for tests: put its Transport into the HTTP client
// of a test, and every reply that the contract does not permit is reported.
package specguard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/doorward/doorward/api/oapi"
)

// Unlisted are the paths that the server has beside the contract: documents, pages and figures.
var Unlisted = []string{
	"/openapi.yaml", "/openapi.json", "/docs", "/metrics", "/dev/mailbox",
	"/verify-email", "/reset-password", "/unlock", "/undo-email-change", "/restore",
}

// Transport sends requests on and checks what comes back. Safe for concurrent use.
type Transport struct {
	base     http.RoundTripper
	report   func(error)
	document *openapi3.T
}

// New makes a Transport over base (nil: http.DefaultTransport). Report is called for every reply that
// breaks the contract, perhaps from several goroutines; a test gives one that calls t.Error.
func New(base http.RoundTripper, report func(error)) (*Transport, error) {
	document, err := closedContract()
	if err != nil {
		return nil, err
	}
	if base == nil {
		base = http.DefaultTransport
	}
	return &Transport{base: base, report: report, document: document}, nil
}

// closedContract is read once: tests make many Transports.
var closedContract = sync.OnceValues(func() (*openapi3.T, error) {
	document, err := oapi.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	for _, schema := range document.Components.Schemas {
		forbidUnknown(schema.Value)
	}
	return document, nil
})

// forbidUnknown closes a schema: clients must put up with members that a later version adds, but this
// version must not send any that its contract does not name.
func forbidUnknown(schema *openapi3.Schema) {
	open := schema.AdditionalProperties.Has == nil && schema.AdditionalProperties.Schema == nil
	if len(schema.Properties) > 0 && open {
		schema.AdditionalProperties.Has = openapi3.Ptr(false)
	}
	for _, property := range schema.Properties {
		if property.Ref == "" {
			forbidUnknown(property.Value)
		}
	}
}

// RoundTrip implements http.RoundTripper. The reply is passed on whether or not it keeps the contract.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.base.RoundTrip(request)
	if err != nil {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	if closing := response.Body.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, fmt.Errorf("read the reply: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	if err := t.Check(request.Method, request.URL.EscapedPath(), response, body); err != nil {
		t.report(fmt.Errorf("%s %s: %d: %w", request.Method, request.URL.Path, response.StatusCode, err))
	}
	return response, nil
}

// Check holds a reply against the contract.
func (t *Transport) Check(method, path string, response *http.Response, body []byte) error {
	preflight := method == http.MethodOptions && response.StatusCode == http.StatusNoContent
	if slices.Contains(Unlisted, path) || preflight {
		return checkFields(response)
	}
	item := t.find(path)
	switch operation := operationOf(item, method); {
	case item == nil:
		return t.checkRefusal(response, body, http.StatusNotFound)
	case operation == nil:
		return t.checkRefusal(response, body, http.StatusMethodNotAllowed)
	default:
		return errors.Join(checkFields(response), t.checkAnswer(operation, method, response, body))
	}
}

// find gives the path item whose template fits, one without parameters before one with.
func (t *Transport) find(path string) *openapi3.PathItem {
	if item := t.document.Paths.Value(path); item != nil {
		return item
	}
	for template, item := range t.document.Paths.Map() {
		if fits(template, path) {
			return item
		}
	}
	return nil
}

func fits(template, path string) bool {
	pattern, actual := strings.Split(template, "/"), strings.Split(path, "/")
	if len(pattern) != len(actual) {
		return false
	}
	for i, segment := range pattern {
		if segment != actual[i] && !strings.HasPrefix(segment, "{") {
			return false
		}
	}
	return true
}

func operationOf(item *openapi3.PathItem, method string) *openapi3.Operation {
	if item == nil {
		return nil
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return item.Operations()[method]
}

// checkRefusal checks the reply to a request that no operation takes.
func (t *Transport) checkRefusal(response *http.Response, body []byte, status int) error {
	switch response.StatusCode {
	case status, http.StatusBadRequest, http.StatusTooManyRequests:
	default:
		return fmt.Errorf("no operation takes this request: want %d", status)
	}
	if status == http.StatusMethodNotAllowed && response.Header.Get("Allow") == "" {
		return errors.New("405 without Allow")
	}
	return errors.Join(checkFields(response), t.checkProblem(response, body))
}

func (t *Transport) checkAnswer(operation *openapi3.Operation, method string, response *http.Response, body []byte) error {
	declared := operation.Responses.Status(response.StatusCode)
	if declared == nil {
		return fmt.Errorf("%s does not declare this status; the body is %s", operation.OperationID, body)
	}
	if method == http.MethodHead || len(declared.Value.Content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("a body where there is to be none: %s", body)
		}
		return nil
	}
	media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("content type: %w", err)
	}
	described := declared.Value.Content[media]
	if described == nil {
		return fmt.Errorf("%s does not declare content type %s", operation.OperationID, media)
	}
	if media == "application/problem+json" {
		return t.checkProblem(response, body)
	}
	if media == "application/x-ndjson" {
		return fitLines(described.Schema.Value, body)
	}
	return fit(described.Schema.Value, body)
}

// fitLines holds every line of a stream against the schema, which describes one.
func fitLines(schema *openapi3.Schema, body []byte) error {
	for line := range bytes.Lines(body) {
		if err := fit(schema, line); err != nil {
			return err
		}
	}
	return nil
}

func (t *Transport) checkProblem(response *http.Response, body []byte) error {
	if response.Request != nil && response.Request.Method == http.MethodHead {
		return nil
	}
	if media := response.Header.Get("Content-Type"); media != "application/problem+json" {
		return fmt.Errorf("an error as %q", media)
	}
	if err := fit(t.document.Components.Schemas["Problem"].Value, body); err != nil {
		return err
	}
	var problem oapi.Problem
	if err := json.Unmarshal(body, &problem); err != nil {
		return fmt.Errorf("problem: %w", err)
	}
	switch {
	case problem.Status != response.StatusCode:
		return fmt.Errorf("problem of status %d", problem.Status)
	case problem.RequestID != response.Header.Get("X-Request-Id"):
		return fmt.Errorf("problem of request %q", problem.RequestID)
	case response.StatusCode == http.StatusUnauthorized && response.Header.Get("WWW-Authenticate") == "":
		return errors.New("401 without WWW-Authenticate")
	}
	return nil
}

// checkFields checks what every reply carries.
func checkFields(response *http.Response) error {
	var missing []error
	for _, name := range []string{
		"X-Request-Id", "X-Content-Type-Options", "Cache-Control", "Referrer-Policy", "Content-Security-Policy",
		"X-Frame-Options", "Permissions-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
	} {
		if response.Header.Get(name) == "" {
			missing = append(missing, errors.New("no "+name))
		}
	}
	if response.StatusCode == http.StatusTooManyRequests {
		for _, name := range []string{"Retry-After", "RateLimit", "RateLimit-Policy"} {
			if response.Header.Get(name) == "" {
				missing = append(missing, errors.New("429 without "+name))
			}
		}
	}
	return errors.Join(missing...)
}

func fit(schema *openapi3.Schema, body []byte) error {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if err := schema.VisitJSON(value, openapi3.VisitAsResponse(), openapi3.MultiErrors()); err != nil {
		return fmt.Errorf("does not fit the contract: %w; the body is %s", err, body)
	}
	return nil
}
