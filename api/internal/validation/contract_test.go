package validation_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/doorward/doorward/api/internal/validation"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/coretest"
)

// TestLoad holds what is read of the contract against all of it: nothing is missing that a request is checked by.
func TestLoad(t *testing.T) {
	t.Parallel()
	text, err := oapi.GetSpecJSON()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := oapi.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	read, err := validation.Load(text)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range whole.Paths.Map() {
		for method, want := range item.Operations() {
			coretest.Equal(t, checked(t, want), checked(t, read.Paths.Value(path).GetOperation(method)))
		}
	}
	for name, schema := range read.Components.Schemas {
		coretest.Equal(t, told(t, whole.Components.Schemas[name].Value), told(t, schema.Value))
	}
	if len(read.Components.Schemas) == 0 || len(read.Components.Schemas) >= len(whole.Components.Schemas) {
		t.Errorf("%d of %d schemas are read", len(read.Components.Schemas), len(whole.Components.Schemas))
	}
}

// checked is what there is to check about the requests of an operation, and the statuses of its answers.
func checked(t *testing.T, operation *openapi3.Operation) []any {
	t.Helper()
	if operation == nil {
		return nil
	}
	all := []any{operation.OperationID, operation.Tags, slices.Sorted(maps.Keys(operation.Responses.Map())), operation.Extensions}
	for _, parameter := range operation.Parameters {
		all = append(all, told(t, parameter.Value))
	}
	if operation.RequestBody != nil {
		all = append(all, told(t, operation.RequestBody.Value))
	}
	return all
}

func told(t *testing.T, part any) string {
	t.Helper()
	text, err := json.Marshal(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
