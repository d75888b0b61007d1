package wire

import (
	"io"
	"log/slog"

	"go.uber.org/fx"

	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/logging"
)

// Output is where the log goes.
type Output struct{ io.Writer }

// NewLogger makes the log as LOG_LEVEL and LOG_FORMAT say.
func NewLogger(settings config.Settings, out Output) (*slog.Logger, error) {
	return logging.New(out, logging.Format(settings.Log.Format), settings.Log.Level)
}

var logModule = fx.Module("log", fx.Provide(NewLogger))
