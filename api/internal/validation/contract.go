package validation

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/getkin/kin-openapi/openapi3"
)

// object is one of JSON, of which no more is looked at than has to be.
type object map[string]json.RawMessage

// document is what requests are held against: without security, the list of tags, and what operations say to people.
type document struct {
	OpenAPI    string            `json:"openapi"`
	Info       json.RawMessage   `json:"info"`
	Paths      map[string]object `json:"paths"`
	Components map[string]object `json:"components"`
}

// Load reads of a contract in JSON what requests are held against: its paths, the parameters and bodies of their
// operations, the statuses that these answer with, and what they refer to. The bodies of answers stay out: they are most
// of the document, and reading a document takes most of a start.
func Load(text []byte) (*openapi3.T, error) {
	var contract document
	if err := json.Unmarshal(text, &contract); err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	for path, item := range contract.Paths {
		for method := range item {
			if err := reduce(item, method); err != nil {
				return nil, fmt.Errorf("read %s %s: %w", method, path, err)
			}
		}
	}
	contract.Components = contract.needed()
	text, err := json.Marshal(contract)
	if err != nil {
		return nil, fmt.Errorf("write the contract: %w", err)
	}
	return openapi3.NewLoader().LoadFromData(text)
}

// reduce drops what only people read of an operation, and leaves of its answers the statuses alone. What else a path
// has, such as parameters, stays.
func reduce(item object, method string) error {
	var operation, answers object
	_ = json.Unmarshal(item[method], &operation)
	if operation["responses"] == nil {
		return nil
	}
	for _, text := range [...]string{"summary", "description", "security"} {
		delete(operation, text)
	}
	if err := json.Unmarshal(operation["responses"], &answers); err != nil {
		return err
	}
	for status := range answers {
		answers[status] = json.RawMessage("{}")
	}
	var err error
	if operation["responses"], err = json.Marshal(answers); err == nil {
		item[method], err = json.Marshal(operation)
	}
	return err
}

var reference = regexp.MustCompile(`"\$ref":\s*"#/components/([^/"]+)/([^"]+)"`)

// needed gives the components that the paths refer to, and those that they refer to.
func (d document) needed() map[string]object {
	kept := make(map[string]object)
	var open []json.RawMessage
	for _, item := range d.Paths {
		for _, part := range item {
			open = append(open, part)
		}
	}
	for len(open) > 0 {
		part := open[len(open)-1]
		open = open[:len(open)-1]
		for _, found := range reference.FindAllSubmatch(part, -1) {
			kind, name := string(found[1]), string(found[2])
			if kept[kind] == nil {
				kept[kind] = object{}
			}
			if _, seen := kept[kind][name]; !seen {
				kept[kind][name] = d.Components[kind][name]
				open = append(open, kept[kind][name])
			}
		}
	}
	return kept
}
