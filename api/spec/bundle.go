// Package spec holds the sources of the HTTP contract, one file per tag, and joins them to the one
// OpenAPI document that is committed as openapi.yaml and served.
package spec

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"go.yaml.in/yaml/v3"
)

//go:embed *.yaml
var sources embed.FS

// root is the file that the others are merged into.
const root = "openapi.yaml"

// banner heads the document, so that nobody edits it in place of its sources.
const banner = "# Made from api/spec/*.yaml by `task gen`; do not edit.\n"

// Bundle joins the embedded sources.
func Bundle() ([]byte, error) { return Join(sources) }

// Join merges the YAML files of a folder into one document: openapi.yaml gives the head, every other file
// adds its paths and components, in the order of their names with paths as written. A path, or a
// component of a kind, that two files define is an error. Then every operation is given the answers that
// any operation can have (see addCommonResponses), so that the sources state only what is particular.
func Join(files fs.FS) ([]byte, error) {
	document, err := read(files, root)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the sources: %w", err)
	}
	for _, name := range names {
		if name == root {
			continue
		}
		part, err := read(files, name)
		if err == nil {
			err = merge(document, part, "", 2)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := addCommonResponses(document); err != nil {
		return nil, err
	}
	return write(document)
}

func read(files fs.FS, name string) (*yaml.Node, error) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("read a source: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: not a mapping", name)
	}
	return document.Content[0], nil
}

// merge adds the members of part to whole. Mappings that both have are merged to the given depth (paths,
// and components by kind); below it a member that both have is an error.
func merge(whole, part *yaml.Node, path string, depth int) error {
	for key, value := range members(part) {
		at := path + "/" + key.Value
		mine := member(whole, key.Value)
		switch {
		case mine == nil:
			whole.Content = append(whole.Content, key, value)
		case depth > 0 && mine.Kind == yaml.MappingNode && value.Kind == yaml.MappingNode && key.Value[0] != '/':
			if err := merge(mine, value, at, depth-1); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s is defined twice", at)
		}
	}
	return nil
}

// members walks a mapping in its order.
func members(mapping *yaml.Node) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		for i := 0; i+1 < len(mapping.Content); i += 2 {
			if !yield(mapping.Content[i], mapping.Content[i+1]) {
				return
			}
		}
	}
}

func member(mapping *yaml.Node, name string) *yaml.Node {
	for key, value := range members(mapping) {
		if key.Value == name {
			return value
		}
	}
	return nil
}

// documentOrder is how the parts of the document stand in it.
var documentOrder = []string{"openapi", "info", "servers", "tags", "paths", "components"}

func write(document *yaml.Node) ([]byte, error) {
	ordered := &yaml.Node{Kind: yaml.MappingNode}
	for _, name := range documentOrder {
		if value := member(document, name); value != nil {
			ordered.Content = append(ordered.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, value)
		}
	}
	for key := range members(document) {
		if !slices.Contains(documentOrder, key.Value) {
			return nil, errors.New("unexpected part of the document: " + key.Value)
		}
	}
	text := bytes.NewBufferString(banner)
	encoder := yaml.NewEncoder(text)
	encoder.SetIndent(2)
	if err := encoder.Encode(ordered); err != nil {
		return nil, fmt.Errorf("write the document: %w", err)
	}
	return text.Bytes(), nil
}
