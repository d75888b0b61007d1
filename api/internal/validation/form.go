package validation

import (
	"net/url"
	"unicode/utf8"

	"github.com/doorward/doorward/core"
)

// formMedia is the media type of forms (WHATWG URL §5.1).
const formMedia = "application/x-www-form-urlencoded"

// Form decodes and checks a body that is a form, as OAuth has them (RFC 6749 §3.1): a parameter is given once, one that
// is not known is passed over, and one without a value is none. It gives the parameters that are known, to be read in the
// place of the body: another reader might take names in other letters for them.
func (o *Operation) Form(raw []byte) (url.Values, []core.FieldError) {
	given, err := url.ParseQuery(string(raw))
	if err != nil || !utf8.Valid(raw) {
		return nil, broken(bodyField, core.CodeInvalidFormat, "This is not a form.")
	}
	known, object := url.Values{}, map[string]any{}
	for name := range o.body.Properties {
		texts := given[name]
		switch {
		case len(texts) > 1:
			return nil, broken(name, core.CodeNotAllowed, "This is given more than once.")
		case len(texts) == 0 || texts[0] == "":
		case !utf8.ValidString(texts[0]):
			return nil, broken(name, core.CodeInvalidFormat, "This is not UTF-8.")
		default:
			known.Set(name, texts[0])
			object[name] = texts[0]
		}
	}
	return known, visit(o.body, object)
}

// IsForm reports whether a Content-Type names a form in UTF-8.
func IsForm(contentType string) bool { return isMedia(contentType, formMedia) }
