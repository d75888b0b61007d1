package wire

import (
	"fmt"

	"go.uber.org/fx"

	"github.com/doorward/doorward/adapters/password"
	"github.com/doorward/doorward/apps/internal/config"
	"github.com/doorward/doorward/apps/internal/metrics"
	"github.com/doorward/doorward/core/secret"
)

// newHasher makes the pool that hashes passwords, as large as HASH_WORKERS and HASH_QUEUE say.
func newHasher(lifecycle fx.Lifecycle, settings config.Settings, ring *secret.Ring, meters *metrics.Meters) (*password.Hasher, error) {
	cost := settings.Password
	parameters := password.Config{
		MemoryKiB: cost.MemoryKiB, Time: cost.Time, Parallelism: cost.Parallelism,
		Workers: cost.Workers, Queue: cost.Queue, Observer: meters,
	}
	if cost.Pepper {
		parameters.Pepper = ring.Derive("password-pepper")
	}
	hasher, err := password.New(parameters)
	if err != nil {
		return nil, fmt.Errorf("ARGON2_MEMORY_KIB, ARGON2_TIME or ARGON2_PARALLELISM: %w", err)
	}
	meters.Gauge("password_hash_queue", "Hashes that wait for a worker.", func() float64 { return float64(hasher.Waiting()) })
	lifecycle.Append(fx.StopHook(hasher.Close))
	return hasher, nil
}

var hashingModule = fx.Module("hashing", fx.Provide(newHasher))
