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
	reader := &reader{rest: raw}
	value := reader.value(nil)
	if reader.values > maxValues {
		return nil, broken(bodyField, core.CodeTooLong, "The JSON text holds too many values.")
	}
	return value, reader.errors
}

// reader reads a text that is known to be valid JSON, so that nothing in it has to be checked again. The tokens of
// encoding/json would do, for 13 allocations more in the body of a refresh.
type reader struct {
	// rest is what is not read yet.
	rest   []byte
	errors []core.FieldError
	// values counts what was read; above maxValues nothing more is.
	values int
}

// peek gives the next letter that is no white space, and leaves it where it is; zero at the end of the text.
func (r *reader) peek() byte {
	r.rest = bytes.TrimLeft(r.rest, " \t\r\n")
	if len(r.rest) == 0 {
		return 0
	}
	return r.rest[0]
}

// take cuts off the next n bytes.
func (r *reader) take(n int) []byte {
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

// more reports whether another member of an object or array follows, and reads up to it, or else past the end of
// the object or array.
func (r *reader) more() bool {
	if r.values > maxValues {
		return false
	}
	switch r.peek() {
	case '}', ']':
		r.take(1)
		return false
	case ',':
		r.take(1)
	}
	return true
}

func (r *reader) value(path []string) any {
	r.values++
	switch first := r.peek(); {
	case first == '"':
		return r.text()
	case first == 't':
		r.take(len("true"))
		return true
	case first == 'f':
		r.take(len("false"))
		return false
	case first == 'n':
		r.take(len("null"))
		return nil
	case first != '{' && first != '[':
		return r.number()
	case len(path) >= maxDepth:
		r.errors = broken(bodyField, core.CodeTooLong, "The JSON text is nested too deeply.")
		r.skip()
		return nil
	case first == '{':
		return r.object(path)
	default:
		return r.array(path)
	}
}

func (r *reader) object(path []string) map[string]any {
	object := make(map[string]any)
	r.take(1)
	for r.more() {
		r.peek()
		name := r.text()
		r.peek()
		r.take(1) // the colon
		at := below(path, name)
		if _, twice := object[name]; twice && len(r.errors) < maxFlaws {
			r.errors = append(r.errors, core.FieldError{
				Field: strings.Join(at, "."), Code: core.CodeNotAllowed, Message: "This is given more than once.",
			})
		}
		object[name] = r.value(at)
	}
	return object
}

func (r *reader) array(path []string) []any {
	array := []any{}
	r.take(1)
	for r.more() {
		at := below(path, strconv.Itoa(len(array)))
		array = append(array, r.value(at))
	}
	return array
}

// quoted cuts off a text with its quotes, as it stands.
func (r *reader) quoted() []byte {
	end := 1
	for r.rest[end] != '"' {
		if r.rest[end] == '\\' {
			end++
		}
		end++
	}
	return r.take(end + 1)
}

func (r *reader) text() (text string) {
	quoted := r.quoted()
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	_ = json.Unmarshal(quoted, &text) // valid, as all of the text
	return text
}

func (r *reader) number() json.Number {
	length := 0
	for length < len(r.rest) && strings.IndexByte("+-.0123456789Ee", r.rest[length]) >= 0 {
		length++
	}
	return json.Number(r.take(length))
}

// skip reads past an object or array.
func (r *reader) skip() {
	for depth := 0; ; {
		switch r.peek() {
		case '"':
			r.quoted()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if r.take(1); depth == 0 {
			return
		}
	}
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
