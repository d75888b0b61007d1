// Command configdoc writes docs/configuration.md and .env.example from the settings type. Run it in the
// root of the checkout.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/doorward/doorward/apps/internal/config"
)

func main() {
	for path, contents := range map[string]string{
		filepath.Join("docs", "configuration.md"): page(config.Fields()),
		".env.example": example(config.Fields()),
	} {
		if err := os.WriteFile(path, []byte(contents), 0o644); err != nil { //nolint:gosec // documentation is for everybody
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

const introduction = `# Configuration

<!-- Generated from apps/internal/config; change the text there. -->

Every setting is an environment variable; a ` + "`.env`" + ` file in the working folder is read too, below the
environment. Durations are written ` + "`15m`, `720h`" + `. Any of them can be read from a file: ` + "`NAME_FILE`" + ` holds the path
of a file with the value of ` + "`NAME`" + `. All settings are checked at start, and every problem is reported at once.
With ` + "`APP_ENV=production`" + ` the server refuses settings that are unsafe and names each of them.
`

func page(fields []config.Field) string {
	var text strings.Builder
	text.WriteString(introduction)
	group := ""
	for _, field := range fields {
		if field.Group != group {
			group = field.Group
			fmt.Fprintf(&text, "\n## %s\n\n| name | default | meaning |\n| --- | --- | --- |\n", group)
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s |\n", field.Name, shown(field), field.Doc)
	}
	return text.String()
}

func shown(field config.Field) string {
	switch {
	case field.Default == "":
		return "none"
	case strings.Contains(field.Default, " "):
		return field.Default
	default:
		return "`" + field.Default + "`"
	}
}

func example(fields []config.Field) string {
	var text strings.Builder
	text.WriteString("# Every setting with its default. Generated from apps/internal/config; copy to .env and keep what you change.\n")
	group := ""
	for _, field := range fields {
		if field.Group != group {
			group = field.Group
			fmt.Fprintf(&text, "\n# --- %s ---\n", group)
		}
		fmt.Fprintf(&text, "# %s\n#%s=%s\n", field.Doc, field.Name, field.Example)
	}
	return text.String()
}
