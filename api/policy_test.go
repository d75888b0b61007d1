package api_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/api"
)

const securityPage = "../docs/security.md"

// TestThePolicyIsDocumented holds the table of operations in docs/security.md against the policy; with -update it
// writes the table anew.
func TestThePolicyIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(securityPage)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- policy -->\n", "<!-- /policy -->"
	head, rest, begun := bytes.Cut(page, []byte(begin))
	written, tail, ended := bytes.Cut(rest, []byte(end))
	if !begun || !ended {
		t.Fatalf("%s has no table of operations", securityPage)
	}
	table := policyTable(t)
	if string(written) == table {
		return
	}
	if !*update {
		t.Fatalf("%s says\n%s\nthe policy is\n%s", securityPage, written, table)
	}
	whole := slices.Concat(head, []byte(begin), []byte(table), []byte(end), tail)
	if err := os.WriteFile(securityPage, whole, 0o600); err != nil {
		t.Fatal(err)
	}
}

// policyTable lists the operations in the order of their paths.
func policyTable(t *testing.T) string {
	t.Helper()
	var rows []string
	described := api.DescribePolicy()
	for path, item := range contract(t).Paths.Map() {
		for method, operation := range item.Operations() {
			rows = append(rows, fmt.Sprintf("| %#q | %s | %s |\n", path, method, described[operation.OperationID]))
		}
	}
	slices.Sort(rows)
	return "| path | method | who may call | permission | in person | limits, beside the ceilings of all calls |\n" +
		"| --- | --- | --- | --- | --- | --- |\n" +
		strings.Join(rows, "")
}
