package wire

import (
	"fmt"

	"github.com/doorward/doorward/adapters/geoip"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/core/origin"
)

// newLocator knows places by the file of GEOIP_FILE, and none without. A file that is named is wanted: one that
// cannot be used refuses the start.
func newLocator(settings config.Settings) (origin.Locator, error) {
	if settings.Server.PlaceDatabase == "" {
		return origin.Nowhere{}, nil
	}
	database, err := geoip.Open(settings.Server.PlaceDatabase)
	if err != nil {
		return nil, fmt.Errorf("GEOIP_FILE: %w", err)
	}
	return database, nil
}
