package sqlite_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/adapters/sqlite/sqlitetest"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/access/accesstest"
	"github.com/doorward/doorward/core/coretest"
)

var update = flag.Bool("update", false, "write the table of permissions anew")

const operatorsPage = "../../docs/operators.md"

// TestThePermissionsAreDocumented holds the table of built-in permissions for operators against the database; with
// -update it writes the table anew. That the databases have the same is held by their contract.
func TestThePermissionsAreDocumented(t *testing.T) {
	t.Parallel()
	catalogue, err := sqlitetest.Open(t).Access().Catalogue(t.Context())
	coretest.Must(t, err)
	admin, _ := catalogue.Role(accesstest.AdminID)
	var table strings.Builder
	table.WriteString("| permission | gives | `ADMIN` |\n| --- | --- | --- |\n")
	for bit := access.MeRead; bit.Key() != ""; bit++ {
		permission, _ := catalogue.Permission(accesstest.PermissionID(bit))
		holds := ""
		switch {
		case slices.Contains(admin.Permissions, permission.Key):
			holds = "yes"
		case permission.Category == "self":
			holds = "everybody"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", permission.Key, permission.Description, holds)
	}
	page, err := os.ReadFile(operatorsPage)
	coretest.Must(t, err)
	const begin, end = "<!-- permissions -->\n", "<!-- /permissions -->"
	head, rest, begun := bytes.Cut(page, []byte(begin))
	written, tail, ended := bytes.Cut(rest, []byte(end))
	coretest.Equal(t, true, begun && ended)
	if string(written) == table.String() {
		return
	}
	if !*update {
		t.Fatalf("%s says\n%s\nthe database has\n%s", operatorsPage, written, &table)
	}
	whole := slices.Concat(head, []byte(begin), []byte(table.String()), []byte(end), tail)
	coretest.Must(t, os.WriteFile(operatorsPage, whole, 0o600))
}
