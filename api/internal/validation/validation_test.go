package validation_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/doorward/doorward/api/internal/validation"
	"github.com/doorward/doorward/core"
)

// operation makes an operation that takes a body of the schema, and a query parameter of every type.
func operation(t testing.TB, schema *openapi3.Schema) *validation.Operation {
	t.Helper()
	described := openapi3.NewOperation()
	described.OperationID = "test"
	described.RequestBody = &openapi3.RequestBodyRef{Value: openapi3.NewRequestBody().WithJSONSchema(schema)}
	described.AddParameter(openapi3.NewQueryParameter("flag").WithSchema(openapi3.NewBoolSchema()))
	described.AddParameter(openapi3.NewQueryParameter("must").WithSchema(openapi3.NewStringSchema()).WithRequired(true))
	made, err := validation.New(described)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// anything takes whatever is JSON.
func anything() *openapi3.Schema { return &openapi3.Schema{} }

func flaws(found []core.FieldError) string {
	texts := make([]string, 0, len(found))
	for _, flaw := range found {
		texts = append(texts, flaw.Field+":"+string(flaw.Code))
	}
	return strings.Join(texts, " ")
}

// TestSchemas explains what the contract of today does not use yet, too.
func TestSchemas(t *testing.T) {
	t.Parallel()
	closed := openapi3.NewObjectSchema().WithoutAdditionalProperties().
		WithProperty("list", openapi3.NewArraySchema().WithMinItems(1).WithMaxItems(2).WithUniqueItems(true).
			WithItems(openapi3.NewStringSchema().WithMinLength(1))).
		WithProperty("kind", openapi3.NewStringSchema().WithEnum("a", "b")).
		WithProperty("count", openapi3.NewIntegerSchema().WithMin(1).WithMax(9)).
		WithProperty("on", openapi3.NewBoolSchema()).
		WithProperty("at", openapi3.NewDateTimeSchema()).
		WithProperty("inner", openapi3.NewObjectSchema().WithoutAdditionalProperties().
			WithProperty("deep", openapi3.NewStringSchema()))
	check := operation(t, closed)
	for body, want := range map[string]string{
		`{"list":["a"],"kind":"a","count":3,"on":true,"at":"2026-01-01T00:00:00Z","inner":{"deep":"x"}}`: "",
		`{"list":[]}`:                          "list:too_short",
		`{"list":["a","b","c"]}`:               "list:too_long",
		`{"list":["a","a"]}`:                   "list:not_allowed",
		`{"list":["a",""]}`:                    "list.1:too_short",
		`{"list":["a\u0000"]}`:                 "list:invalid_format",
		`{"list":"a"}`:                         "list:invalid_format",
		`{"kind":"c"}`:                         "kind:not_allowed",
		`{"count":10}`:                         "count:out_of_range",
		`{"count":1.5}`:                        "count:invalid_format",
		`{"on":"true"}`:                        "on:invalid_format",
		`{"at":"yesterday"}`:                   "at:invalid_format",
		`{"inner":[]}`:                         "inner:invalid_format",
		`{"inner":{"deeper":1}}`:               "inner.deeper:unknown_field",
		`{"inner":{"deep":"\u0000","x":1}}`:    "inner.deep:invalid_format inner.x:unknown_field",
		`{"inner":{"deep":"a","deep":"b"}}`:    "inner.deep:not_allowed",
		`{"list":[{"a":1,"a":2}],"kind":null}`: "list.0.a:not_allowed",
	} {
		_, found := check.Body([]byte(body))
		if got := flaws(found); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
		for _, flaw := range found {
			if !strings.HasPrefix(flaw.Message, "This ") && !strings.HasPrefix(flaw.Message, "There ") {
				t.Errorf("%s: %q", body, flaw.Message)
			}
		}
	}
}

// TestQueries reads booleans and wants what is required.
func TestQueries(t *testing.T) {
	t.Parallel()
	check := operation(t, anything())
	for query, want := range map[string]string{
		"must=x&flag=true": "",
		"must=x&flag=1":    "flag:invalid_format",
		"flag=false":       "must:required",
		"must=%00":         "must:invalid_format",
		"must=a%ff":        "must:invalid_format",
	} {
		if got := flaws(check.Query(query)); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// TestManyValues reads no more of them than any operation takes.
func TestManyValues(t *testing.T) {
	t.Parallel()
	check := operation(t, anything())
	for name, body := range map[string]string{
		"list":   "[" + strings.Repeat("1,", 10_000) + "1]",
		"nested": `{"a":[` + strings.Repeat(`{"b":[]},`, 10_000) + "{}]}",
	} {
		if value, found := check.Body([]byte(body)); value != nil || flaws(found) != "body:too_long" {
			t.Errorf("%s: %s", name, flaws(found))
		}
	}
	if _, found := check.Body([]byte("[" + strings.Repeat("1,", 9_998) + "1]")); len(found) > 0 {
		t.Error(flaws(found))
	}
}

// TestManyFlaws tells a hundred of them, in a time and length that grow no faster than the request: nobody
// has to be known to send one.
func TestManyFlaws(t *testing.T) {
	t.Parallel()
	check := operation(t, openapi3.NewObjectSchema().WithoutAdditionalProperties())
	var unknown strings.Builder
	for i := range 9_000 {
		fmt.Fprintf(&unknown, `"k%d":1,`, i)
	}
	twice := `{` + strings.Repeat(`"k":1,`, 9_000) + `"k":1}`
	long := strings.Repeat("é", 50_000)
	for name, body := range map[string]string{
		"unknown":              `{` + unknown.String() + `"k":1}`,
		"twice":                twice,
		"twice below a name":   `{"` + long + `":` + twice + `}`,
		"unknown, a long name": `{"` + long + `":1}`,
	} {
		_, found := check.Body([]byte(body))
		told := 0
		for _, flaw := range found {
			told += len(flaw.Field)
		}
		if len(found) == 0 || len(found) > 100 || told > 100*128 || !utf8.ValidString(found[0].Field) {
			t.Errorf("%s: %d flaws in %d bytes", name, len(found), told)
		}
	}
}

// TestNewRefuses what it would not check.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	withCookie := openapi3.NewOperation()
	withCookie.AddParameter(openapi3.NewCookieParameter("a").WithSchema(openapi3.NewStringSchema()))
	withForm := openapi3.NewOperation()
	withForm.RequestBody = &openapi3.RequestBodyRef{Value: openapi3.NewRequestBody().WithFormDataSchema(anything())}
	for name, described := range map[string]*openapi3.Operation{"cookie": withCookie, "form": withForm} {
		if _, err := validation.New(described); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestHeader checks the fields that are there, and misses none.
func TestHeader(t *testing.T) {
	t.Parallel()
	described := openapi3.NewOperation()
	described.AddParameter(openapi3.NewHeaderParameter("X-A").WithSchema(openapi3.NewStringSchema().WithEnum("a", "b")))
	check, err := validation.New(described)
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{"": "", "a": "", "c": "X-A", "A": "X-A"} {
		flawed := ""
		for _, flaw := range check.Header(func(string) string { return given }) {
			flawed += flaw.Field
		}
		if flawed != want {
			t.Errorf("%q: flaws in %q, want %q", given, flawed, want)
		}
	}
}

// FuzzBody reads JSON as strictly as it says, and otherwise as everybody does.
func FuzzBody(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,2.5e3,null,true,"x"]}`, `{"a":1,"a":2}`, `"\ud83d\udd11"`, `"\ud800"`, `[] []`, "\"\xff\"", `{"a":{"b":{}}}`,
		strings.Repeat("[", 40), `"\\ud800"`, `1e999`,
		" \n{ \"a\" : [ ] ,\t\"b\\\"}\":-0.5E-3 , \"\": { } } ", strings.Repeat(`["]\\",`, 40) + "0" + strings.Repeat("]", 40),
	} {
		f.Add([]byte(text))
	}
	check := operation(f, anything())
	f.Fuzz(func(t *testing.T, raw []byte) {
		value, found := check.Body(raw)
		if len(found) > 0 || len(raw) == 0 {
			return
		}
		var plain any
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		if err := decoder.Decode(&plain); err != nil || !reflect.DeepEqual(value, plain) {
			t.Errorf("%q is read as %v, elsewhere as %v (%v)", raw, value, plain, err)
		}
	})
}
