package limittest_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/limit"
	"github.com/doorward/doorward/core/limit/limittest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	limittest.Limiter(t, func(*testing.T) limittest.Parts {
		clock := coretest.NewClock()
		return limittest.Parts{
			Replicas: []limit.Limiter{limittest.NewMemory(clock)},
			Wait:     func(d time.Duration) { clock.Advance(d) },
		}
	})
}

func TestMemoryStandsBy(t *testing.T) {
	t.Parallel()
	limittest.Standby(t, func(*testing.T) limittest.StandbyParts {
		clock := coretest.NewClock()
		return limittest.StandbyParts{Standby: limittest.NewMemory(clock), Clock: clock}
	})
}
