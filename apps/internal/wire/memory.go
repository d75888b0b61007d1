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

// memoryFloor is what the runtime may use beside the hashes before the collector hurries. It and the pages of
// the program itself, some 32 MiB that no limit of the runtime counts, keep within the 64 MiB that are promised
// above the hashes.
const memoryFloor = 32 << 20

// collectAt is the garbage, in percent of what is alive, at which the collector runs. What is alive is small here, some
// 5 MiB, and every request leaves a few KiB: at the usual 100 a tenth of all CPU goes into collections, at 400 a quarter
// of that, for 15 MiB more at the most. The soft limit bounds it all the same.
const collectAt = 400

// memoryEvery is the pause between two looks at the heap.
const memoryEvery = 10 * time.Second

// softLimit is the memory at which the collector begins to hurry. The memory of hashes is used again, but counts
// as alive, so that without a limit as much garbage may gather beside it. The limit follows what is
// really alive (caches that fill), so that the collector never works against a full one.
func softLimit(hashing, live int64) int64 { return hashing + max(memoryFloor, 2*live) }

// newMemoryLoop keeps the soft limit. An operator who sets GOMEMLIMIT or GOGC decides alone about it.
func newMemoryLoop(settings config.Settings) background.Loop {
	hashing := int64(settings.Password.Workers) * int64(settings.Password.MemoryKiB) << 10
	_, limited := os.LookupEnv("GOMEMLIMIT")
	_, paced := os.LookupEnv("GOGC")
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	return background.Loop{Name: "memory", Every: memoryEvery, Step: func(context.Context) (bool, error) {
		if !limited {
			metrics.Read(sample)
			// What is alive counts without the hashes that happened to be under way at the last collection.
			live := max(0, int64(sample[0].Value.Uint64())-hashing)
			debug.SetMemoryLimit(softLimit(hashing, live))
		}
		if !paced {
			debug.SetGCPercent(collectAt)
		}
		return false, nil
	}}
}
