package validation

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/doorward/doorward/core"
)

// maxDepth bounds the nesting of a body, far above what any operation takes.
const maxDepth = 32

// maxValues bounds how many values a body holds, also far above what any operation takes. Reading a value
// costs hundreds of times what sending one does.
const maxValues = 10_000

// bodyField names the body as a whole in field errors.
const bodyField = "body"

// decodeJSON reads exactly one JSON value the way the contract means it: UTF-8 without replacement
// characters for broken text, nothing behind the value, no member twice. encoding/json alone lets all
// of these pass, and two readers that resolve them differently is how requests get past a check.
func decodeJSON(raw []byte) (any, []core.FieldError) {
	if !utf8.Valid(raw) || !json.Valid(raw) || hasLoneSurrogate(raw) {
		return nil, broken(bodyField, core.CodeInvalidFormat, "This is not a JSON text.")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	reader := &reader{decoder: decoder}
	value := reader.value(nil)
	if reader.values > maxValues {
		return nil, broken(bodyField, core.CodeTooLong, "The JSON text holds too many values.")
	}
	return value, reader.errors
}

// reader walks the tokens of a text that is known to be valid JSON, so that the decoder's errors cannot
// occur.
type reader struct {
	decoder *json.Decoder
	errors  []core.FieldError
	// values counts what was read; above maxValues nothing more is.
	values int
}

func (r *reader) more() bool { return r.values <= maxValues && r.decoder.More() }

func (r *reader) value(path []string) any {
	r.values++
	token, _ := r.decoder.Token()
	delim, nested := token.(json.Delim)
	switch {
	case !nested:
		return token
	case len(path) >= maxDepth:
		r.errors = broken(bodyField, core.CodeTooLong, "The JSON text is nested too deeply.")
		r.skip()
		return nil
	case delim == '{':
		return r.object(path)
	default:
		return r.array(path)
	}
}

func (r *reader) object(path []string) map[string]any {
	object := make(map[string]any)
	for r.more() {
		token, _ := r.decoder.Token()
		name, _ := token.(string)
		at := below(path, name)
		if _, twice := object[name]; twice && len(r.errors) < maxFlaws {
			r.errors = append(r.errors, core.FieldError{
				Field: strings.Join(at, "."), Code: core.CodeNotAllowed, Message: "This is given more than once.",
			})
		}
		object[name] = r.value(at)
	}
	_, _ = r.decoder.Token()
	return object
}

func (r *reader) array(path []string) []any {
	array := []any{}
	for r.more() {
		at := below(path, strconv.Itoa(len(array)))
		array = append(array, r.value(at))
	}
	_, _ = r.decoder.Token()
	return array
}

// below gives the path of a member, in memory of its own.
func below(path []string, name string) []string { return append(slices.Clip(path), clip(name)) }

// maxName is how much of a member's name is told back, in bytes. A path of long names that is told with
// every flaw below it would make a small request a large reply.
const maxName = 100

func clip(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.ToValidUTF8(name[:maxName], "") + "…"
}

// skip reads past the object or array that was just opened.
func (r *reader) skip() {
	for depth := 1; depth > 0; {
		token, _ := r.decoder.Token()
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
}

// hasLoneSurrogate reports whether a valid JSON text escapes half of a surrogate pair. encoding/json
// reads each as U+FFFD, which would make different passwords equal.
func hasLoneSurrogate(raw []byte) bool {
	for {
		at := bytes.IndexByte(raw, '\\')
		if at < 0 {
			return false
		}
		unit, isUnit := escapedUnit(raw[at:])
		switch {
		case !isUnit:
			raw = raw[at+2:]
		case unit < 0xD800 || unit > 0xDFFF:
			raw = raw[at+6:]
		default:
			low, isLow := escapedUnit(raw[at+6:])
			if unit > 0xDBFF || !isLow || low < 0xDC00 || low > 0xDFFF {
				return true
			}
			raw = raw[at+12:]
		}
	}
}

// escapedUnit reads a \uXXXX at the beginning of raw.
func escapedUnit(raw []byte) (uint64, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return unit, err == nil
}

func broken(field string, code core.Code, message string) []core.FieldError {
	return []core.FieldError{{Field: field, Code: code, Message: message}}
}
