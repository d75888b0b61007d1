package config_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/core/secret"
)

var deployed = filepath.Join("..", "..", "..", "deploy")

func settingNames() map[string]bool {
	known := map[string]bool{}
	for _, field := range config.Fields() {
		known[field.Name], known[field.Name+"_FILE"] = true, true
	}
	return known
}

// documents reads the objects of a file for Kubernetes.
func documents(t *testing.T, text []byte) (objects []map[string]any) {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var object map[string]any
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
}

// The settings of the file for Kubernetes pass every check of production. Secrets are files there: they are put in
// place here.
func TestKubernetesFileIsSafe(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(deployed, "kubernetes", "doorward.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	kinds, variables := map[string]int{}, map[string]string{}
	for _, object := range documents(t, text) {
		kind, _ := object["kind"].(string)
		kinds[kind]++
		data, _ := object["data"].(map[string]any)
		for name, value := range data {
			variables[name], _ = value.(string)
		}
	}
	for _, kind := range []string{"ConfigMap", "Deployment", "Service", "PodDisruptionBudget", "CronJob"} {
		if kinds[kind] != 1 {
			t.Errorf("%d of %s", kinds[kind], kind)
		}
	}
	known, secrets := settingNames(), t.TempDir()
	for name, content := range map[string]string{
		"database-url": "postgres://doorward:chosen@db/doorward?sslmode=verify-full", "valkey-url": "rediss://:chosen@cache:6379",
		"smtp-url": "smtp://user:chosen@mail:587", "master-keys": secret.GenerateKey("k"),
	} {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range variables {
		if !known[name] {
			t.Errorf("there is no setting %s", name)
		}
		variables[name] = strings.Replace(value, "/run/secrets/doorward", secrets, 1)
	}
	if _, err := config.Parse(variables); err != nil {
		t.Error(err)
	}
}

// assigned is a setting in a unit of systemd.
var assigned = regexp.MustCompile(`\b([A-Z][A-Z0-9_]+)=`)

// Units name settings that there are, and commands that there are.
func TestUnitsNameSettingsThatThereAre(t *testing.T) {
	t.Parallel()
	units, err := filepath.Glob(filepath.Join(deployed, "systemd", "*.service"))
	if err != nil || len(units) != 2 {
		t.Fatalf("%d units: %v", len(units), err)
	}
	known := settingNames()
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		settings := 0
		for line := range strings.Lines(string(text)) {
			value, found := strings.CutPrefix(line, "Environment=")
			if !found {
				continue
			}
			for _, match := range assigned.FindAllStringSubmatch(value, -1) {
				if settings++; !known[match[1]] {
					t.Errorf("%s: there is no setting %s", filepath.Base(unit), match[1])
				}
			}
		}
		if settings == 0 {
			t.Errorf("%s sets nothing", filepath.Base(unit))
		}
	}
	timer, err := os.ReadFile(filepath.Join(deployed, "systemd", "doorward-cleanup.timer"))
	if err != nil || !strings.Contains(string(timer), "OnCalendar=") {
		t.Errorf("the timer: %v\n%s", err, timer)
	}
}
