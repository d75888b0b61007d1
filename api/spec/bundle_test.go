package spec_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/doorward/doorward/api/spec"
)

const head = `
openapi: 3.0.3
info: {title: T, version: '1'}
components: {}
`

func join(files map[string]string) (string, error) {
	folder := fstest.MapFS{}
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	text, err := spec.Join(folder)
	return string(text), err
}

// TestJoin merges parts and completes what any operation can answer.
func TestJoin(t *testing.T) {
	t.Parallel()
	got, err := join(map[string]string{
		"openapi.yaml": head,
		"b.yaml":       "paths:\n  /b:\n    get:\n      operationId: b\n      responses:\n        '204': {description: B}\n",
		"a.yaml": `
paths:
  /a:
    post:
      operationId: a
      security: [{bearerAuth: []}]
      x-recent-sign-in: true
      requestBody: {}
      responses:
        '503': {description: own}
        '200': {description: A}
components:
  schemas:
    A: {type: string}
`,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got, "# Made from") || strings.Index(got, "/a:") > strings.Index(got, "/b:") {
		t.Errorf("order: %s", got)
	}
	_, a, _ := strings.Cut(got, "/a:")
	a, b, _ := strings.Cut(a, "/b:")
	for _, status := range []string{"'200'", "'400'", "'401'", "'403'", "'408'", "'413'", "'415'", "'431'", "'500'", "'503': {description: own}"} {
		if !strings.Contains(a, status) {
			t.Errorf("a lacks %s: %s", status, a)
		}
	}
	if strings.Index(a, "'200'") > strings.Index(a, "'400'") {
		t.Errorf("statuses are not sorted: %s", a)
	}
	for _, status := range []string{"'408'", "'413'"} { // a body that nobody asked for is read, too
		if !strings.Contains(b, status) {
			t.Errorf("b lacks %s: %s", status, b)
		}
	}
	for _, status := range []string{"'401'", "'403'", "'415'"} {
		if strings.Contains(b, status) {
			t.Errorf("b answers %s: %s", status, b)
		}
	}
}

// TestJoinRefuses finds what two files both say, and what is not the shape of a contract.
func TestJoinRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no head":      {map[string]string{"a.yaml": "paths: {}"}, "openapi.yaml"},
		"not YAML":     {map[string]string{"openapi.yaml": head, "a.yaml": "a: ["}, "a.yaml"},
		"not a map":    {map[string]string{"openapi.yaml": head, "a.yaml": "- a"}, "a.yaml: not a mapping"},
		"path twice":   {map[string]string{"openapi.yaml": head, "a.yaml": "paths: {/x: {}}", "b.yaml": "paths: {/x: {}}"}, "/paths//x is defined twice"},
		"schema twice": {map[string]string{"openapi.yaml": head, "a.yaml": "components: {schemas: {X: {}}}", "b.yaml": "components: {schemas: {X: {}}}"}, "/components/schemas/X is defined twice"},
		"unknown part": {map[string]string{"openapi.yaml": head, "a.yaml": "paths: {}\nx: 1"}, "unexpected part of the document: x"},
		"no operation": {map[string]string{"openapi.yaml": head, "a.yaml": "paths: {/x: {get: {responses: {}}}}"}, "get /x lacks"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := join(test.files); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}
