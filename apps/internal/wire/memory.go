package wire

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/doorward/doorward/apps/internal/background"
	"github.com/doorward/doorward/apps/internal/config"
)

// memoryFloor is what the process may use beside its hashes before the collector hurries: the base of an
// idle process and its buffers, well within the 64 MiB that are promised above the hashes.
const memoryFloor = 40 << 20

// memoryEvery is the pause between two looks at the heap.
const memoryEvery = 10 * time.Second

// softLimit is the memory at which the collector begins to hurry. Each argon2id hash allocates its memory
// anew, so that without a limit the heap grows to twice the hashes under way and more. The limit follows
// what is really alive (caches that fill), so that the collector never works against a full one.
func softLimit(hashing, live int64) int64 { return hashing + max(memoryFloor, 2*live) }

// newMemoryLoop keeps the soft limit. An operator who sets GOMEMLIMIT decides alone.
func newMemoryLoop(settings config.Settings) background.Loop {
	hashing := int64(settings.Password.Workers) * int64(settings.Password.MemoryKiB) << 10
	_, decided := os.LookupEnv("GOMEMLIMIT")
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	return background.Loop{Name: "memory", Every: memoryEvery, Step: func(context.Context) (bool, error) {
		if decided {
			return false, nil
		}
		metrics.Read(sample)
		// What is alive counts without the hashes that happened to be under way at the last collection.
		live := max(0, int64(sample[0].Value.Uint64())-hashing)
		debug.SetMemoryLimit(softLimit(hashing, live))
		return false, nil
	}}
}
