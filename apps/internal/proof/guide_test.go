package proof_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// between gives what stands in a page between <!-- name --> and <!-- /name -->.
func between(t *testing.T, file, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begun := strings.Cut(string(text), "<!-- "+name+" -->\n")
	inside, _, ended := strings.Cut(rest, "<!-- /"+name+" -->")
	if !begun || !ended {
		t.Fatalf("%s has no part %q", file, name)
	}
	return inside
}

// Every action of the audit log is told to operators once, and none that there is not.
func TestEveryActionIsTold(t *testing.T) {
	t.Parallel()
	want := append(declaredActions(t), "app.*") // those of applications are theirs
	got := actionsIn(between(t, "docs/operators.md", "actions"))
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("the guide tells of\n%q\nthe actions are\n%q", got, want)
	}
}

// declaredActions gives the constants of audit.Action.
func declaredActions(t *testing.T) (actions []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "core", "audit", "event.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		declared, ok := node.(*ast.ValueSpec)
		if !ok || len(declared.Values) != 1 {
			return true
		}
		kind, typed := declared.Type.(*ast.Ident)
		literal, written := declared.Values[0].(*ast.BasicLit)
		if typed && written && kind.Name == "Action" {
			actions = append(actions, strings.Trim(literal.Value, `"`))
		}
		return true
	})
	return actions
}

// actionsIn gives the actions in the first column of a table. What begins with a dot has the subject of the one before it:
// `account.register`, `.open` are account.register and account.open.
func actionsIn(table string) (actions []string) {
	for row := range strings.SplitSeq(table, "\n") {
		cell, _, _ := strings.Cut(strings.TrimPrefix(row, "| "), " | ")
		subject := ""
		for _, code := range codePattern.FindAllString(cell, -1) {
			action := strings.Trim(code, "`")
			if strings.HasPrefix(action, ".") {
				action = subject + action
			}
			subject, _, _ = strings.Cut(action, ".")
			actions = append(actions, action)
		}
	}
	return actions
}

func TestActionsAreReadFromATable(t *testing.T) {
	t.Parallel()
	table := "| actions | what they tell |\n| --- | --- |\n| `a.b`, `.c_d`, `e.f`, `.g` | `h.i` |\n| `j.*` | |\n"
	if got, want := actionsIn(table), []string{"a.b", "a.c_d", "e.f", "e.g", "j.*"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Every decision stands in the list of decisions with its number and title, in their order.
func TestEveryDecisionIsListed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "docs", "adr", "[0-9]*.md"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d decisions: %v", len(files), err)
	}
	var want strings.Builder
	want.WriteString("| number | decision |\n| --- | --- |\n")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		heading, _, _ := strings.Cut(string(text), "\n")
		number, title, _ := strings.Cut(strings.TrimPrefix(heading, "# "), " ")
		name := filepath.Base(file)
		if !strings.HasPrefix(heading, "# ") || !strings.HasPrefix(name, number+"-") || title == "" {
			t.Errorf("%s begins with %q", name, heading)
		}
		want.WriteString("| [" + number + "](" + name + ") | " + title + " |\n")
	}
	if got := between(t, "docs/adr/README.md", "decisions"); got != want.String() {
		t.Errorf("docs/adr/README.md lists\n%s\nit should be\n%s", got, want.String())
	}
}
