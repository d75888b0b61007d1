package wire

import (
	"io"

	"go.uber.org/fx"

	"github.com/doorward/doorward/apps/internal/config"
)

// ServerOptions are the server's, for checking that they resolve.
func ServerOptions(settings config.Settings) fx.Option {
	return serverOptions(settings, io.Discard, &sockets{}, make(failure, 1))
}

// CommandOptions are those of a command that needs P.
func CommandOptions[P any](settings config.Settings) fx.Option {
	return fx.Options(modules(settings, io.Discard), fx.Invoke(func(P) {}))
}

// SoftLimit is the memory at which the collector hurries.
var SoftLimit = softLimit
