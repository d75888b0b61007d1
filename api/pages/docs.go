package pages

import (
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

type docsView struct {
	Head                     head
	Title, Version           string
	Intro                    []template.HTML
	Tags                     []tagView
	Schemas                  []schemaView
	ProblemCodes, FieldCodes []any
}

type tagView struct {
	Name       string
	Text       template.HTML
	Operations []operationView
}

type operationView struct {
	ID, Method, Path, Summary string
	Text                      []template.HTML
	SignedIn, Recent          bool
	Parameters                []fieldView
	Bodies                    []schemaView
	Examples                  []string
	Answers                   []answerView
}

type schemaView struct {
	Name   string
	Text   []template.HTML
	Fields []fieldView
	// Alternatives are the schemas of which a value is one.
	Alternatives []string
}

type fieldView struct {
	Name, Type string
	Text       template.HTML
	Required   bool
}

type answerView struct {
	Status  string
	Text    template.HTML
	Schemas []string
}

// Docs renders the reference of a contract. The document must be valid and its references resolved.
func Docs(document *openapi3.T) (Page, error) {
	view := docsView{
		Head: newHead(document.Info.Title), Title: document.Info.Title, Version: document.Info.Version,
		Intro: paragraphs(document.Info.Description),
	}
	for _, tag := range document.Tags {
		view.Tags = append(view.Tags, tagView{
			Name: tag.Name, Text: inline(tag.Description), Operations: operationsOf(document, tag.Name),
		})
	}
	for _, name := range slices.Sorted(maps.Keys(document.Components.Schemas)) {
		schema := document.Components.Schemas[name].Value
		if schema.Type.Is(openapi3.TypeObject) || len(schema.OneOf) > 0 {
			view.Schemas = append(view.Schemas, describeSchema(name, schema))
		}
	}
	if codes := document.Components.Schemas["ProblemCode"]; codes != nil {
		view.ProblemCodes = codes.Value.Enum
	}
	if codes := document.Components.Schemas["FieldCode"]; codes != nil {
		view.FieldCodes = codes.Value.Enum
	}
	return render("docs.gohtml", strict, view)
}

func operationsOf(document *openapi3.T, tag string) []operationView {
	var found []operationView
	paths := document.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		operations := paths[path].Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			if slices.Contains(operations[method].Tags, tag) {
				found = append(found, describeOperation(method, path, operations[method]))
			}
		}
	}
	return found
}

func describeOperation(method, path string, operation *openapi3.Operation) operationView {
	view := operationView{
		ID: operation.OperationID, Method: method, Path: path, Summary: operation.Summary,
		Text: paragraphs(operation.Description), SignedIn: operation.Security != nil,
		Recent: operation.Extensions["x-recent-sign-in"] == true,
	}
	for _, parameter := range operation.Parameters {
		p := parameter.Value
		view.Parameters = append(view.Parameters, fieldView{
			Name: p.Name, Type: typeOf(p.Schema), Required: p.Required, Text: inline(p.Description),
		})
	}
	if operation.RequestBody != nil {
		view.describeBody(operation.RequestBody.Value.Content["application/json"])
	}
	for _, status := range slices.Sorted(maps.Keys(operation.Responses.Map())) {
		view.Answers = append(view.Answers, describeAnswer(status, operation.Responses.Value(status).Value))
	}
	return view
}

func (v *operationView) describeBody(media *openapi3.MediaType) {
	if media == nil {
		return
	}
	alternatives := media.Schema.Value.OneOf
	if len(alternatives) == 0 {
		alternatives = openapi3.SchemaRefs{media.Schema}
	}
	for _, alternative := range alternatives {
		v.Bodies = append(v.Bodies, describeSchema(refName(alternative.Ref), alternative.Value))
	}
	if media.Example != nil {
		v.Examples = append(v.Examples, pretty(media.Example))
	}
	for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
		v.Examples = append(v.Examples, pretty(media.Examples[name].Value.Value))
	}
}

func describeAnswer(status string, response *openapi3.Response) answerView {
	view := answerView{Status: status}
	if response.Description != nil {
		view.Text = inline(*response.Description)
	}
	for _, media := range slices.Sorted(maps.Keys(response.Content)) {
		if name := refName(response.Content[media].Schema.Ref); name != "" {
			view.Schemas = append(view.Schemas, name)
		}
	}
	return view
}

func describeSchema(name string, schema *openapi3.Schema) schemaView {
	view := schemaView{Name: name, Text: paragraphs(schema.Description)}
	for _, alternative := range schema.OneOf {
		view.Alternatives = append(view.Alternatives, refName(alternative.Ref))
	}
	for _, field := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[field]
		view.Fields = append(view.Fields, fieldView{
			Name: field, Type: typeOf(property), Required: slices.Contains(schema.Required, field),
			Text: inline(property.Value.Description),
		})
	}
	return view
}

// typeOf says in a few words what a schema takes.
func typeOf(reference *openapi3.SchemaRef) string {
	schema := reference.Value
	if schema.Type == nil || len(*schema.Type) == 0 {
		return refName(reference.Ref)
	}
	words := []string{(*schema.Type)[0]}
	if schema.Format != "" {
		words = append(words, "("+schema.Format+")")
	}
	if schema.Type.Is(openapi3.TypeArray) {
		words = append(words, "of "+typeOf(schema.Items))
	}
	if name := refName(reference.Ref); name != "" && schema.Type.Is(openapi3.TypeObject) {
		words = []string{name}
	}
	if schema.Nullable {
		words = append(words, "or null")
	}
	if schema.MaxLength != nil {
		words = append(words, fmt.Sprintf("up to %d", *schema.MaxLength))
	}
	if len(schema.Enum) > 0 && len(schema.Enum) <= 6 {
		words = append(words, fmt.Sprintf("one of %v", schema.Enum))
	}
	return strings.Join(words, " ")
}

func refName(reference string) string {
	return reference[strings.LastIndexByte(reference, '/')+1:]
}

func pretty(value any) string {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}

// paragraphs cuts a description at its empty lines.
func paragraphs(text string) []template.HTML {
	var found []template.HTML
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if part != "" {
			found = append(found, inline(part))
		}
	}
	return found
}

// inline renders the two marks of Markdown that the contract's descriptions use: `code` and **strong**.
func inline(text string) template.HTML {
	escaped := template.HTMLEscapeString(strings.TrimSpace(text))
	return template.HTML(between(between(escaped, "**", "strong"), "`", "code")) //nolint:gosec // escaped above
}

// between puts what stands between two marks into an element. A mark without its pair stays as it is.
func between(text, mark, element string) string {
	var out strings.Builder
	for {
		before, rest, opened := strings.Cut(text, mark)
		inner, after, closed := strings.Cut(rest, mark)
		if !opened || !closed {
			return out.String() + text
		}
		out.WriteString(before + "<" + element + ">" + inner + "</" + element + ">")
		text = after
	}
}
