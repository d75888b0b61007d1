package wire

import (
	"go.uber.org/fx"

	"github.com/doorward/doorward/apps/internal/metrics"
)

func newMeters() *metrics.Meters { return metrics.New(Version()) }

var metricsModule = fx.Module("metrics", fx.Provide(newMeters))
