package retentiontest

import (
	"context"
	"sync"
	"testing"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/retention"
)

// TestLock is the contract of retention.Lock. Open gives two views of the same locks, as two replicas have
// them; they may be one and the same.
func TestLock(t *testing.T, open func(t *testing.T) (here, there retention.Lock)) {
	t.Helper()
	type pair struct{ here, there retention.Lock }
	coretest.Run(t, func(t *testing.T) pair {
		here, there := open(t)
		return pair{here, there}
	}, map[string]func(t *testing.T, locks pair){
		"keeps others out until it is released": func(t *testing.T, locks pair) { excludes(t, locks.here, locks.there) },
		"of many one gets it":                   func(t *testing.T, locks pair) { lockRace(t, locks.here, locks.there) },
	})
}

func take(t *testing.T, lock retention.Lock, name string) (release func(), held bool) {
	t.Helper()
	release, held, err := lock.TryLock(t.Context(), name)
	coretest.Must(t, err)
	return release, held
}

func excludes(t *testing.T, here, there retention.Lock) {
	release, held := take(t, here, "cleanup")
	coretest.Equal(t, true, held)
	for _, lock := range []retention.Lock{here, there} {
		_, held := take(t, lock, "cleanup")
		coretest.Equal(t, false, held)
	}
	other, held := take(t, there, "another")
	coretest.Equal(t, true, held)
	other()
	release()
	release() // twice does no harm
	again, held := take(t, there, "cleanup")
	coretest.Equal(t, true, held)
	again()
}

func lockRace(t *testing.T, here, there retention.Lock) {
	const racers = 16
	var mu sync.Mutex
	var releases []func()
	coretest.Race(t, racers, core.ErrConflict, func(ctx context.Context, i int) error {
		lock := here
		if i%2 == 0 {
			lock = there
		}
		release, held, err := lock.TryLock(ctx, "cleanup")
		if held {
			mu.Lock()
			defer mu.Unlock()
			releases = append(releases, release)
		}
		return err
	})
	coretest.Equal(t, 1, len(releases))
	releases[0]()
}
