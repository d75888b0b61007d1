package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"github.com/doorward/doorward/core"
)

// Locks is a retention.Lock.
type Locks struct{ db *Database }

// Locks gives named locks over all processes that use the file.
func (db *Database) Locks() *Locks { return &Locks{db} }

// TryLock implements retention.Lock. The lock is an exclusive transaction on an empty database file beside
// the real one: the operating system takes it back when the process dies, on every platform alike. Names
// are those of files.
func (l *Locks) TryLock(ctx context.Context, name string) (release func(), held bool, err error) {
	path, err := filepath.Abs(l.db.config.Path + "-lock-" + name)
	if err != nil {
		return nil, false, fmt.Errorf("sqlite: %w", err)
	}
	location := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: "_pragma=busy_timeout(0)&_txlock=exclusive"}
	file, err := sql.Open("sqlite", location.String())
	if err != nil {
		return nil, false, fmt.Errorf("sqlite: %w", err)
	}
	file.SetMaxOpenConns(1)
	// The transaction outlives ctx: release ends it.
	tx, err := file.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		_ = file.Close()
		if busy(err) {
			return func() {}, false, nil
		}
		return nil, false, core.Unavailable(err)
	}
	return sync.OnceFunc(func() {
		_ = tx.Rollback() // nothing was written
		_ = file.Close()
	}), true, nil
}

// lockPoll is how often wait asks for a lock.
const lockPoll = 10 * time.Millisecond

// wait asks for the lock until it is held or ctx ends.
func (l *Locks) wait(ctx context.Context, name string) (release func(), err error) {
	for {
		release, held, err := l.TryLock(ctx, name)
		if err != nil || held {
			return release, err
		}
		if err := sleep(ctx, lockPoll); err != nil {
			return nil, translate(err)
		}
	}
}
