package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/core/secret"
)

// deployment is what these tests look at of compose.yaml.
type deployment struct {
	Services map[string]struct {
		Environment map[string]string `yaml:"environment"`
	} `yaml:"services"`
}

// required is a variable that compose.yaml does not start without.
var required = regexp.MustCompile(`\$\{\w+:\?[^}]*\}`)

// The settings of compose.yaml pass every check of production: it cannot be run where no engine is, but
// what the servers would say to it can be asked.
func TestComposeFileIsSafe(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	text, err := os.ReadFile(filepath.Join(root, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var found deployment
	if err := yaml.Unmarshal([]byte(required.ReplaceAllString(string(text), "chosen")), &found); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "master_keys")
	if err := os.WriteFile(key, []byte(secret.GenerateKey("k")), 0o600); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, field := range config.Fields() {
		known[field.Name], known[field.Name+"_FILE"] = true, true
	}
	for _, name := range []string{"api-1", "api-2", "cleanup"} {
		variables := found.Services[name].Environment
		for setting := range variables {
			if !known[setting] {
				t.Errorf("%s: there is no setting %s", name, setting)
			}
		}
		if !strings.HasPrefix(variables["MASTER_KEYS_FILE"], "/run/secrets/") {
			t.Errorf("%s: the master keys come from %q", name, variables["MASTER_KEYS_FILE"])
		}
		if !strings.HasPrefix(variables["DATABASE_URL"], "postgres://doorward:chosen@") {
			t.Errorf("%s: the database has a default credential", name) // OWASP ASVS 5.0 13.2.3
		}
		variables["MASTER_KEYS_FILE"] = key
		if _, err := config.Parse(variables); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
