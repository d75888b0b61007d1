package wire_test

import (
	"testing"

	"github.com/doorward/doorward/apps/internal/wire"
)

// The limit lies above the hashes by the floor, and rises with what is alive before the collector would work
// against it.
func TestSoftLimit(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for _, test := range []struct{ hashing, live, want int64 }{
		{0, 0, 32 * mib}, {19 * mib, 5 * mib, 51 * mib}, {19 * mib, 16 * mib, 51 * mib}, {19 * mib, 100 * mib, 219 * mib},
	} {
		if got := wire.SoftLimit(test.hashing, test.live); got != test.want {
			t.Errorf("%d MiB of hashes and %d MiB alive: %d MiB, want %d", test.hashing/mib, test.live/mib, got/mib, test.want/mib)
		}
	}
}
