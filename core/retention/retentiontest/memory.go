// Package retentiontest holds the contract suites of the retention ports and the in-memory fakes of them.
package retentiontest

import (
	"context"
	"sync"
	"time"

	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/retention"
)

// Store is a retention.Store over the other fakes of a database.
type Store struct{ db *coretest.Database }

// NewStore makes a store that sweeps what the fakes of db have registered as expiring.
func NewStore(db *coretest.Database) *Store { return &Store{db: db} }

// everything is a limit that no test reaches.
const everything = 1 << 30

// Count implements retention.Store.
func (s *Store) Count(ctx context.Context, kind retention.Kind, cutoff time.Time) (count int64, err error) {
	err = s.db.Do(ctx, func() error {
		count = s.db.Expiry(string(kind))(cutoff, everything, false)
		return nil
	})
	return count, err
}

// Sweep implements retention.Store.
func (s *Store) Sweep(
	ctx context.Context, kind retention.Kind, cutoff time.Time, limit int,
) (count int64, err error) {
	err = s.db.Do(ctx, func() error {
		count = s.db.Expiry(string(kind))(cutoff, limit, true)
		return nil
	})
	return count, err
}

// Lock is a retention.Lock within one process.
type Lock struct {
	mu   sync.Mutex
	held map[string]bool
}

// NewLock makes a lock that nobody holds.
func NewLock() *Lock { return &Lock{held: map[string]bool{}} }

// TryLock implements retention.Lock.
func (l *Lock) TryLock(_ context.Context, name string) (release func(), held bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[name] {
		return func() {}, false, nil
	}
	l.held[name] = true
	return sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.held, name)
	}), true, nil
}
