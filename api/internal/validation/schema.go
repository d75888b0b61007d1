package validation

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/doorward/doorward/core"
)

// formats are the string formats that are checked at the edge. Addresses and references are not among
// them: the domain judges those, and two judges would differ.
var formats = map[string]openapi3.StringFormatValidator{
	"uuid": openapi3.NewCallbackValidator(func(text string) error {
		_, err := core.ParseID(text)
		return err
	}),
}

var options = []openapi3.SchemaValidationOption{
	openapi3.VisitAsRequest(), openapi3.MultiErrors(), openapi3.DisableSchemaErrorDetails(),
	openapi3.WithStringFormatValidators(formats),
}

// visit checks a value and gives everything that is wrong with it, in the order of the fields.
func visit(schema *openapi3.Schema, value any) []core.FieldError {
	var found []core.FieldError
	if err := schema.VisitJSON(value, options...); err != nil {
		found = translate(err, nil, make(map[string]bool))
	}
	found = ordered(findNUL(schema, value, nil, found))
	return found[:min(len(found), maxFlaws)]
}

// maxFlaws is how many flaws of one request are told: far more than an honest one has, and few enough that
// a request of nothing but flaws is not answered with more than it sent.
const maxFlaws = 100

// branch picks the alternative of a oneOf that a value means: the one that knows most of its members, the
// first of equals. Its complaints are then of use to the caller, unlike "matches none".
func branch(schema *openapi3.Schema, value any) *openapi3.Schema {
	object, isObject := value.(map[string]any)
	if len(schema.OneOf) == 0 || !isObject {
		return schema
	}
	return slices.MaxFunc(schema.OneOf, func(a, b *openapi3.SchemaRef) int {
		return cmp.Compare(knownMembers(a.Value, object), knownMembers(b.Value, object))
	}).Value
}

func knownMembers(schema *openapi3.Schema, object map[string]any) (count int) {
	for name := range object {
		if schema.Properties[name] != nil {
			count++
		}
	}
	return count
}

// translate appends what err tells to found. told holds the objects whose unknown members were listed.
func translate(err error, found []core.FieldError, told map[string]bool) []core.FieldError {
	var several openapi3.MultiError
	if errors.As(err, &several) {
		for _, one := range several {
			found = translate(one, found, told)
		}
		return found
	}
	var broken *openapi3.SchemaError
	if !errors.As(err, &broken) {
		return append(found, core.FieldError{
			Field: bodyField, Code: core.CodeInvalidFormat, Message: "This does not fit the contract.",
		})
	}
	path := strings.Join(broken.JSONPointer(), ".")
	if broken.SchemaField == "properties" {
		if told[path] {
			return found
		}
		told[path] = true
		return appendUnknown(found, broken, path)
	}
	code, message := explain(broken)
	if path == "" {
		path = bodyField
	}
	return append(found, core.FieldError{Field: path, Code: code, Message: message})
}

// appendUnknown names the members that the schema does not know. The library reports each of them with
// the whole object, so all are taken from the first report and the others are passed over: going through
// the object once a report would let a few kilobytes of members keep a processor for minutes.
func appendUnknown(found []core.FieldError, broken *openapi3.SchemaError, path string) []core.FieldError {
	object, _ := broken.Value.(map[string]any)
	for name := range object {
		if broken.Schema.Properties[name] == nil {
			found = append(found, core.FieldError{
				Field: strings.TrimPrefix(path+"."+clip(name), "."), Code: core.CodeUnknownField, Message: "There is no such field.",
			})
		}
	}
	return found
}

func explain(broken *openapi3.SchemaError) (core.Code, string) {
	schema := broken.Schema
	switch broken.SchemaField {
	case "required":
		return core.CodeRequired, "This is required."
	case "minLength":
		return core.CodeTooShort, fmt.Sprintf("This takes %s at least.", count(schema.MinLength, "character"))
	case "maxLength":
		return core.CodeTooLong, fmt.Sprintf("This takes %s at most.", count(*schema.MaxLength, "character"))
	case "minItems":
		return core.CodeTooShort, fmt.Sprintf("This takes %s at least.", count(schema.MinItems, "item"))
	case "maxItems":
		return core.CodeTooLong, fmt.Sprintf("This takes %s at most.", count(*schema.MaxItems, "item"))
	case "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf":
		return core.CodeOutOfRange, "This number is out of range."
	case "enum", "uniqueItems", "readOnly", "not":
		return core.CodeNotAllowed, "This value is not allowed."
	case "minProperties":
		return core.CodeRequired, "Give one field at least."
	case "nullable":
		return core.CodeInvalidFormat, "This cannot be null."
	default:
		return core.CodeInvalidFormat, typeMessage(schema)
	}
}

func count(n uint64, noun string) string {
	if n == 1 {
		return "one " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// typeMessage says what a schema takes.
func typeMessage(schema *openapi3.Schema) string {
	switch {
	case schema == nil || schema.Type == nil:
		return "This has not the right form."
	case schema.Format == "uuid":
		return "This takes a UUID."
	case schema.Format == "date-time":
		return "This takes a time as in RFC 3339."
	case schema.Pattern != "":
		return "This has not the right form."
	}
	switch name := (*schema.Type)[0]; name {
	case openapi3.TypeBoolean:
		return "This takes true or false."
	case openapi3.TypeInteger:
		return "This takes a whole number."
	case openapi3.TypeObject:
		return "This takes an object."
	case openapi3.TypeArray:
		return "This takes a list."
	default:
		return "This takes a " + name + "."
	}
}

// findNUL finds texts with U+0000, which databases cannot keep. Passwords may hold it: they are hashed.
func findNUL(schema *openapi3.Schema, value any, path []string, found []core.FieldError) []core.FieldError {
	switch value := value.(type) {
	case string:
		if strings.ContainsRune(value, 0) && (schema == nil || schema.Format != "password") {
			found = append(found, core.FieldError{
				Field: strings.Join(path, "."), Code: core.CodeInvalidFormat, Message: "This holds a character that is not allowed.",
			})
		}
	case map[string]any:
		for name, member := range value {
			var of *openapi3.Schema
			if property := schema.Properties[name]; property != nil {
				of = property.Value
			}
			if of != nil {
				found = findNUL(of, member, below(path, name), found)
			}
		}
	case []any:
		for _, item := range value {
			if schema.Items != nil {
				found = findNUL(schema.Items.Value, item, path, found)
			}
		}
	}
	return found
}

func ordered(found []core.FieldError) []core.FieldError {
	slices.SortFunc(found, func(a, b core.FieldError) int {
		return cmp.Or(strings.Compare(a.Field, b.Field), strings.Compare(string(a.Code), string(b.Code)))
	})
	return slices.Compact(found)
}
