// Command bundle writes the contract that the files in api/spec make to the path it is given, by default
// openapi.yaml in the working directory, which is to be the root of the repository.
package main

import (
	"fmt"
	"os"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/doorward/doorward/api/spec"
)

func main() {
	target := "openapi.yaml"
	if len(os.Args) > 1 {
		target = os.Args[1]
	}
	if err := run(target); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

// run writes the document only if it is a valid one, examples included.
func run(target string) error {
	text, err := spec.Bundle()
	if err != nil {
		return fmt.Errorf("join the sources: %w", err)
	}
	loader := openapi3.NewLoader()
	document, err := loader.LoadFromData(text)
	if err != nil {
		return fmt.Errorf("load the document: %w", err)
	}
	if err := document.Validate(loader.Context); err != nil {
		return fmt.Errorf("validate the document: %w", err)
	}
	if err := os.WriteFile(target, text, 0o644); err != nil { //nolint:gosec // a source file, readable by all
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}
