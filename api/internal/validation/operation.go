// Package validation checks requests against the operations of the contract and reports everything that
// is wrong in the domain's terms: the field as the client wrote it, a stable code, and a text that names
// neither schemas nor Go types.
package validation

import (
	"fmt"
	"mime"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/doorward/doorward/core"
)

// Operation checks the requests of one operation. It is made once, at start, and safe for concurrent use.
type Operation struct {
	query        map[string]*parameter
	path, header []*parameter
	body         *openapi3.Schema
	bodyRequired bool
	// form tells that the body is a form, lines that it is a stream of lines of JSON.
	form, lines bool
}

type parameter struct {
	name     string
	required bool
	schema   *openapi3.Schema
}

// New prepares the checks of an operation. It refuses what it would not check: parameters in cookies, and
// bodies that are neither JSON nor a form nor lines of JSON, which the operation checks itself as they come.
func New(operation *openapi3.Operation) (*Operation, error) {
	made := &Operation{query: make(map[string]*parameter)}
	for _, reference := range operation.Parameters {
		p := &parameter{
			name: reference.Value.Name, required: reference.Value.Required, schema: reference.Value.Schema.Value,
		}
		switch reference.Value.In {
		case openapi3.ParameterInQuery:
			made.query[p.name] = p
		case openapi3.ParameterInPath:
			made.path = append(made.path, p)
		case openapi3.ParameterInHeader:
			made.header = append(made.header, p)
		default:
			return nil, fmt.Errorf("%s: parameter %s in %s", operation.OperationID, p.name, reference.Value.In)
		}
	}
	if operation.RequestBody == nil {
		return made, nil
	}
	if operation.RequestBody.Value.Content["application/x-ndjson"] != nil {
		made.lines = true
		return made, nil
	}
	media := operation.RequestBody.Value.Content["application/json"]
	if media == nil {
		media = operation.RequestBody.Value.Content[formMedia]
		made.form = true
	}
	if media == nil || len(operation.RequestBody.Value.Content) != 1 {
		return nil, fmt.Errorf("%s: the body is neither JSON nor a form alone", operation.OperationID)
	}
	made.body, made.bodyRequired = media.Schema.Value, operation.RequestBody.Value.Required
	return made, nil
}

// HasBody reports whether the operation takes a body.
func (o *Operation) HasBody() bool { return o.body != nil }

// HasForm reports whether that body is a form.
func (o *Operation) HasForm() bool { return o.form }

// HasLines reports whether the operation takes a stream of lines of JSON, at which nobody but the operation looks.
func (o *Operation) HasLines() bool { return o.lines }

// Query checks the raw query of a request: known names only, each once, each as its schema says.
func (o *Operation) Query(raw string) []core.FieldError {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return broken("query", core.CodeInvalidFormat, "The query is not well-formed.")
	}
	var found []core.FieldError
	for name, texts := range values {
		p, known := o.query[name]
		switch {
		case !known:
			found = append(found, core.FieldError{
				Field: name, Code: core.CodeUnknownField, Message: "There is no such parameter.",
			})
		case len(texts) > 1:
			found = append(found, core.FieldError{
				Field: name, Code: core.CodeNotAllowed, Message: "This is given more than once.",
			})
		default:
			found = append(found, p.check(texts[0])...)
		}
	}
	for name, p := range o.query {
		if p.required && !values.Has(name) {
			found = append(found, core.FieldError{
				Field: name, Code: core.CodeRequired, Message: "This is required.",
			})
		}
	}
	return ordered(found)
}

// Path checks the parameters in the path, which get gives as they stand in the URL.
func (o *Operation) Path(get func(name string) string) []core.FieldError {
	var found []core.FieldError
	for _, p := range o.path {
		text, err := url.PathUnescape(get(p.name))
		if err != nil {
			found = append(found, broken(p.name, core.CodeInvalidFormat, "This is not well-formed.")...)
			continue
		}
		found = append(found, p.check(text)...)
	}
	return found
}

// Header checks the parameters in header fields, which get gives, or the empty text where there is none.
func (o *Operation) Header(get func(name string) string) []core.FieldError {
	var found []core.FieldError
	for _, p := range o.header {
		if text := get(p.name); text != "" {
			found = append(found, p.check(text)...)
		}
	}
	return found
}

func (p *parameter) check(text string) []core.FieldError {
	if !utf8.ValidString(text) { // PostgreSQL would refuse it, and SQLite not
		return broken(p.name, core.CodeInvalidFormat, "This is not UTF-8.")
	}
	value, ok := p.parse(text)
	if !ok {
		return broken(p.name, core.CodeInvalidFormat, typeMessage(p.schema))
	}
	found := visit(p.schema, value)
	for i := range found {
		found[i].Field = p.name
	}
	return found
}

func (p *parameter) parse(text string) (any, bool) {
	switch {
	case p.schema.Type.Is(openapi3.TypeInteger):
		number, err := strconv.ParseInt(text, 10, 64)
		return float64(number), err == nil
	case p.schema.Type.Is(openapi3.TypeBoolean):
		return text == "true", text == "true" || text == "false"
	case p.schema.Type.Is(openapi3.TypeArray):
		var items []any // separated by commas: style form, not exploded
		for item := range strings.SplitSeq(text, ",") {
			items = append(items, item)
		}
		return items, true
	default:
		return text, true
	}
}

// Body decodes and checks a JSON body. The value it gives is the one to bind: reading the text a second
// time could read it differently.
func (o *Operation) Body(raw []byte) (any, []core.FieldError) {
	switch {
	case len(raw) > 0:
	case o.bodyRequired:
		return nil, broken(bodyField, core.CodeRequired, "A JSON body is required.")
	default:
		return map[string]any{}, nil
	}
	value, found := decodeJSON(raw)
	if len(found) > 0 {
		return nil, found
	}
	return value, visit(branch(o.body, value), value)
}

// IsJSON reports whether a Content-Type names JSON in UTF-8.
func IsJSON(contentType string) bool { return isMedia(contentType, "application/json") }

func isMedia(contentType, wanted string) bool {
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || media != wanted {
		return false
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}
