package wire

import (
	"fmt"
	"log/slog"

	"go.uber.org/fx"

	"github.com/doorward/doorward/adapters/pwned"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/metrics"
	"github.com/doorward/doorward/core/credential"
)

// newBlocklist is the embedded list, and behind it the service of PASSWORD_RANGE_URL where there is one.
func newBlocklist(
	lifecycle fx.Lifecycle, settings config.Settings, meters *metrics.Meters, log *slog.Logger,
) (credential.Blocklist, error) {
	embedded := credential.CommonPasswords{}
	if settings.Password.RangeURL == "" {
		return embedded, nil
	}
	list, err := pwned.New(
		pwned.Deps{Local: embedded, Observer: meters, Log: log}, pwned.Config{URL: settings.Password.RangeURL})
	if err != nil {
		return nil, fmt.Errorf("PASSWORD_RANGE_URL: %w", err)
	}
	lifecycle.Append(fx.StopHook(list.Close))
	return list, nil
}

// newAppraiser judges by the embedded list alone: strangers ask it at every keystroke, and no peer of ours is to hear of
// that.
func newAppraiser(settings config.Settings) *credential.Appraiser {
	return credential.NewAppraiser(newPolicy(settings, credential.CommonPasswords{}))
}

var passwordsModule = fx.Module("passwords", fx.Provide(newBlocklist, newAppraiser))
