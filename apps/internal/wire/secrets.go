package wire

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.uber.org/fx"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/core/secret"
)

// masterKeysFile holds the ring that the embedded default makes for itself.
const masterKeysFile = "master.keys"

// NewRing gives the ring of MASTER_KEYS, or the one kept in DATA_DIR, which is made on the first start. Of
// many processes that start at once, one makes it and all use it.
func NewRing(settings config.Settings) (*secret.Ring, error) {
	if text := settings.Storage.MasterKeys.Reveal(); text != "" {
		return secret.ParseRing(text)
	}
	path := filepath.Join(settings.Profile.DataDir, masterKeysFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeMasterKeys(settings.Profile.DataDir, path)
	}
	if err != nil {
		return nil, fmt.Errorf("the master keys in DATA_DIR: %w", err)
	}
	ring, err := secret.ParseRing(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("the master keys in %s: %w", path, err)
	}
	return ring, nil
}

// makeMasterKeys writes a new ring aside and links it to its place, which succeeds for one process alone and
// never shows a half-written file. Whoever loses reads what the winner wrote.
func makeMasterKeys(folder, path string) ([]byte, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	aside, err := os.CreateTemp(folder, masterKeysFile+".*") // made with mode 0600
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(aside.Name()) }()
	_, err = aside.WriteString(secret.GenerateKey("embedded") + "\n")
	err = errors.Join(err, aside.Sync(), aside.Close())
	if err != nil {
		return nil, err
	}
	if err := os.Link(aside.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

var secretsModule = fx.Module("secrets", fx.Provide(NewRing))
