package wire

import (
	"time"

	"go.uber.org/fx"

	"github.com/doorward/doorward/core"
)

// NewClock gives the machine's clock.
func NewClock() core.Clock { return core.ClockFunc(time.Now) }

var kernelModule = fx.Module("kernel", fx.Provide(NewClock, core.NewIDs))
