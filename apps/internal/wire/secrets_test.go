package wire_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/wire"
	"github.com/doorward/doorward/core/secret"
)

func settingsIn(t *testing.T, folder string, pairs ...string) config.Settings {
	t.Helper()
	variables := map[string]string{"DATA_DIR": folder, "PORT": "0"}
	for i := 0; i < len(pairs); i += 2 {
		variables[pairs[i]] = pairs[i+1]
	}
	settings, err := config.Parse(variables)
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

// Of many first starts at once, one makes the ring and all use it.
func TestFirstStartsShareOneRing(t *testing.T) {
	t.Parallel()
	const starts = 20
	folder := filepath.Join(t.TempDir(), "data")
	settings := settingsIn(t, folder)
	rings := make([]*secret.Ring, starts)
	var wait sync.WaitGroup
	for i := range starts {
		wait.Go(func() {
			ring, err := wire.NewRing(settings)
			if err != nil {
				t.Error(err)
			}
			rings[i] = ring
		})
	}
	wait.Wait()
	sealed := rings[0].Seal("test", []byte("x"))
	for _, ring := range rings {
		if _, err := ring.Open("test", sealed); err != nil {
			t.Fatal("two starts use two rings")
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v left in the folder, %v", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the ring's file has mode %v, %v", info.Mode(), err)
	}
}

func TestRingOfTheSettingsIsUsed(t *testing.T) {
	t.Parallel()
	text := secret.GenerateKey("a")
	folder := filepath.Join(t.TempDir(), "data")
	ring, err := wire.NewRing(settingsIn(t, folder, "MASTER_KEYS", text))
	if err != nil {
		t.Fatal(err)
	}
	given, err := secret.ParseRing(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Open("test", given.Seal("test", nil)); err != nil {
		t.Error("another ring than the one set")
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Error("a folder was made although nothing is kept in it")
	}
}

func TestDamagedRingIsNotReplaced(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "master.keys")
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := wire.NewRing(settingsIn(t, folder)); err == nil {
		t.Error("a damaged ring was accepted")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "damaged" {
		t.Errorf("the file now holds %d bytes, %v", len(text), err)
	}
}
