package api_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/doorward/doorward/api"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/api/spec"
)

func contract(t *testing.T) *openapi3.T {
	t.Helper()
	document, err := oapi.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// TestContractIsValid checks the document as a whole, its examples included.
func TestContractIsValid(t *testing.T) {
	t.Parallel()
	document := contract(t)
	if err := document.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(document.OpenAPI, "3.0.") {
		t.Errorf("version %s: documents of 3.1 are checked many times slower", document.OpenAPI)
	}
}

// TestCommittedContractIsFresh compares the document at the root with its sources and with what the
// generated code embeds.
func TestCommittedContractIsFresh(t *testing.T) {
	t.Parallel()
	bundled, err := spec.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bundled, committed) {
		t.Error("openapi.yaml differs from api/spec; run `task gen`")
	}
	loaded, err := openapi3.NewLoader().LoadFromData(bundled)
	if err != nil {
		t.Fatal(err)
	}
	fromSources, err := loaded.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := contract(t).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fromSources, embedded) {
		t.Error("the generated server embeds another document; run `task gen`")
	}
}

// TestPolicyFitsContract holds the table of rules against the contract, both ways.
func TestPolicyFitsContract(t *testing.T) {
	t.Parallel()
	want := make(map[string]api.Rule)
	for _, item := range contract(t).Paths.Map() {
		for _, operation := range item.Operations() {
			rule := api.Rule{
				Recent:    operation.Extensions["x-recent-sign-in"] == true,
				Enrolling: operation.Extensions["x-while-enrolling"] == true,
				InPerson:  operation.Extensions["x-in-person"] == true,
				Services:  operation.Extensions["x-service-accounts"] == true,
				SignedOut: operation.Extensions["x-signed-out"] == true,
				Private:   operation.Extensions["x-private-listener"] == true,
			}
			rule.Needs, _ = operation.Extensions["x-permission"].(string)
			rule.Or, _ = operation.Extensions["x-permission-or"].(string)
			if security := operation.Security; security != nil {
				rule.Optional = slices.ContainsFunc(*security, func(r openapi3.SecurityRequirement) bool { return len(r) == 0 })
				rule.SignedIn = !rule.Optional
			}
			want[operation.OperationID] = rule
		}
	}
	got := api.Policy()
	if !maps.Equal(got, want) {
		for id := range want {
			if got[id] != want[id] {
				t.Errorf("%s: the policy says %+v, the contract %+v", id, got[id], want[id])
			}
		}
		for id := range got {
			if _, known := want[id]; !known {
				t.Errorf("%s is no operation", id)
			}
		}
	}
}

// TestAnswersAboutBodiesAreTrue reads what the contract says of bodies that are refused: how large they may be, which is
// the default of the settings, and of which type.
func TestAnswersAboutBodiesAreTrue(t *testing.T) {
	t.Parallel()
	for _, item := range contract(t).Paths.Map() {
		for _, operation := range item.Operations() {
			most := "64 KiB"
			if operation.OperationID == "importUsers" {
				most = "1 GiB"
			}
			if said := *operation.Responses.Value("413").Value.Description; !strings.Contains(said, most) {
				t.Errorf("%s: %s", operation.OperationID, said)
			}
			if operation.RequestBody == nil || operation.RequestBody.Value.Content["application/json"] != nil {
				continue
			}
			if said := *operation.Responses.Value("415").Value.Description; strings.Contains(said, "application/json") {
				t.Errorf("%s: %s", operation.OperationID, said)
			}
		}
	}
}

// TestRepliesWithTokensAreSecret finds every operation whose reply can hold tokens in the contract.
func TestRepliesWithTokensAreSecret(t *testing.T) {
	t.Parallel()
	var want []string
	for _, item := range contract(t).Paths.Map() {
		for _, operation := range item.Operations() {
			for _, response := range operation.Responses.Map() {
				if operation.OperationID == "exportMe" {
					continue // it tells of tokens and codes, and holds none
				}
				media := response.Value.Content["application/json"]
				if media != nil && (holds(media.Schema.Value, "tokens", "token_type") || holds(media.Schema.Value, "items", "code") ||
					holds(media.Schema.Value, "device_token") || holds(media.Schema.Value, "secret") || holds(media.Schema.Value, "recovery_codes") ||
					holds(media.Schema.Value, "personal_token") || holds(media.Schema.Value, "service_account_key") ||
					holds(media.Schema.Value, "access_token")) {
					want = append(want, operation.OperationID)
				}
			}
		}
	}
	slices.Sort(want)
	if want = slices.Compact(want); !slices.Equal(want, api.SecretOperations()) {
		t.Errorf("secret are %v, should be %v", api.SecretOperations(), want)
	}
}

func holds(schema *openapi3.Schema, path ...string) bool {
	if len(path) == 0 {
		return true
	}
	for _, alternative := range schema.OneOf {
		if holds(alternative.Value, path...) {
			return true
		}
	}
	if schema.Items != nil {
		return holds(schema.Items.Value, path...)
	}
	property := schema.Properties[path[0]]
	return property != nil && holds(property.Value, path[1:]...)
}

// TestRequestsAreClosed wants every schema of a request to refuse unknown members and to bound its texts. A form passes
// unknown ones over, as OAuth has it; the members of lines are for their operation to look at.
func TestRequestsAreClosed(t *testing.T) {
	t.Parallel()
	for path, item := range contract(t).Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.RequestBody == nil {
				continue
			}
			if form := operation.RequestBody.Value.Content["application/x-www-form-urlencoded"]; form != nil {
				checkBounded(t, method+" "+path, form.Schema.Value)
			}
			media := operation.RequestBody.Value.Content["application/json"]
			if media == nil {
				continue
			}
			schema := media.Schema.Value
			for _, alternative := range append(schema.OneOf, schema.NewRef()) {
				checkClosed(t, method+" "+path, alternative.Value)
			}
		}
	}
}

func checkClosed(t *testing.T, where string, schema *openapi3.Schema) {
	t.Helper()
	if len(schema.OneOf) > 0 {
		return
	}
	if open := schema.AdditionalProperties.Has; open == nil || *open {
		t.Errorf("%s takes unknown members", where)
	}
	checkBounded(t, where, schema)
}

func checkBounded(t *testing.T, where string, schema *openapi3.Schema) {
	t.Helper()
	for name, property := range schema.Properties {
		text := property.Value.Type.Is(openapi3.TypeString)
		if text && property.Value.MaxLength == nil && property.Value.Format != "uuid" && property.Value.Format != "date-time" {
			t.Errorf("%s: %s has no maxLength", where, name)
		}
	}
}

// TestCodesAreListed holds the enums of the contract against the codes of the domain, both ways.
func TestCodesAreListed(t *testing.T) {
	t.Parallel()
	defined := domainCodes(t)
	for _, code := range api.TransportCodes() {
		defined = append(defined, string(code))
	}
	schemas := contract(t).Components.Schemas
	var listed []string
	for _, enum := range []string{"ProblemCode", "FieldCode"} {
		for _, code := range schemas[enum].Value.Enum {
			listed = append(listed, code.(string))
		}
	}
	for _, code := range defined {
		if !slices.Contains(listed, code) {
			t.Errorf("%s is a code of the domain, but not in the contract", code)
		}
	}
	for _, code := range listed {
		if !slices.Contains(defined, code) {
			t.Errorf("%s is in the contract, but nothing defines it", code)
		}
	}
}

// domainCodes reads every constant of type core.Code from the sources of the domain.
func domainCodes(t *testing.T) []string {
	t.Helper()
	var codes []string
	err := filepath.WalkDir("../core", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if value, ok := node.(*ast.ValueSpec); ok && isCode(value.Type) {
				literal, _ := value.Values[0].(*ast.BasicLit)
				code, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Errorf("%s: %v", path, err)
				}
				codes = append(codes, code)
			}
			return true
		})
		return nil
	})
	if err != nil || len(codes) < 30 {
		t.Fatalf("%d codes found: %v", len(codes), err)
	}
	return codes
}

func isCode(expression ast.Expr) bool {
	switch named := expression.(type) {
	case *ast.Ident:
		return named.Name == "Code"
	case *ast.SelectorExpr:
		return named.Sel.Name == "Code"
	default:
		return false
	}
}
