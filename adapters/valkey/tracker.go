package valkey

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/doorward/doorward/core"
)

// shelf keeps local copies of one kind of subject.
type shelf interface {
	put(id core.ID, copied entry, from origin)
	drop(id core.ID)
}

// origin says what a local copy's validity hangs on.
type origin struct {
	tracker *tracker
	// flushes and epoch are those of the tracker and of the pulse when the copy arrived.
	flushes uint64
	epoch   uint64
	// expires is when the copy expires in Valkey, by the link's clock.
	expires time.Duration
}

func (o origin) valid(now time.Duration, epoch uint64) bool {
	return now < o.expires && o.epoch == epoch && !o.tracker.closed.Load() && o.flushes == o.tracker.flushes.Load()
}

// tracker is the valkeygo.CacheStore of one connection. It turns what arrives on the connection into local
// copies and drops them when the connection says so or ends. valkey-go calls Update and Delete from the one
// goroutine that reads the connection, in the order of arrival: an invalidation is never overtaken by the
// copy that it is about.
//
// The stores that come with valkey-go do not do: the default one cannot be emptied from outside, and the
// adapter for simple caches can skip an invalidation that arrives while the same key is asked for again.
type tracker struct {
	link    *Link
	closed  atomic.Bool
	flushes atomic.Uint64

	mu      sync.Mutex
	pending map[string]*pending
}

var _ valkeygo.CacheStore = (*tracker)(nil)

func (l *Link) track(valkeygo.CacheStoreOption) valkeygo.CacheStore {
	return &tracker{link: l, pending: make(map[string]*pending)}
}

// pending is a GET that is on its way.
type pending struct {
	answered chan struct{}
	ttl      time.Duration
	message  valkeygo.ValkeyMessage
	err      error
}

// Wait implements valkeygo.CacheEntry.
func (p *pending) Wait(ctx context.Context) (valkeygo.ValkeyMessage, error) {
	select {
	case <-p.answered:
		return p.message, p.err
	case <-ctx.Done():
		return valkeygo.ValkeyMessage{}, ctx.Err()
	}
}

// Flight never answers from the copies: the shelves were looked at before. It joins a GET that is under way.
func (t *tracker) Flight(key, _ string, ttl time.Duration, _ time.Time) (valkeygo.ValkeyMessage, valkeygo.CacheEntry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if joined := t.pending[key]; joined != nil {
		return valkeygo.ValkeyMessage{}, joined
	}
	if !t.closed.Load() {
		t.pending[key] = &pending{answered: make(chan struct{}), ttl: ttl}
	}
	return valkeygo.ValkeyMessage{}, nil
}

// Update shelves what a GET gave. Marks, and that there is nothing, are not worth a copy: they are about to
// be replaced by whoever asked.
func (t *tracker) Update(key, _ string, message valkeygo.ValkeyMessage) int64 {
	ttl := time.Duration(message.CachePTTL()) * time.Millisecond
	own := t.take(key)
	if own == nil {
		return 0 // given up; the server tracks it in vain
	}
	if ttl < 0 || ttl > own.ttl {
		ttl = own.ttl
	}
	t.keep(key, message, ttl)
	own.message = message
	close(own.answered)
	return time.Now().Add(ttl).UnixMilli()
}

func (t *tracker) keep(key string, message valkeygo.ValkeyMessage, ttl time.Duration) {
	now := t.link.elapsed()
	state := t.link.pulse.at(now)
	text, err := message.ToString()
	if err != nil || state == nil {
		return
	}
	copied, err := parseEntry(text)
	shelf, id := t.link.shelf(key)
	if err != nil || copied.isMark() || shelf == nil {
		return
	}
	shelf.put(id, copied, origin{tracker: t, flushes: t.flushes.Load(), epoch: state.epoch, expires: now + ttl})
}

// Cancel gives the error to all who wait.
func (t *tracker) Cancel(key, _ string, err error) {
	if own := t.take(key); own != nil {
		own.err = err
		close(own.answered)
	}
}

func (t *tracker) take(key string) *pending {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.pending[key]
	delete(t.pending, key)
	return own
}

// Delete drops the copies of the keys; nil means all that came over this connection. GETs under way stay:
// their answers are newer.
func (t *tracker) Delete(keys []valkeygo.ValkeyMessage) {
	if keys == nil {
		t.flushes.Add(1)
	}
	for _, message := range keys {
		key, err := message.ToString()
		if shelf, id := t.link.shelf(key); err == nil && shelf != nil {
			shelf.drop(id)
		}
	}
}

// Close voids every copy that came over this connection.
func (t *tracker) Close(err error) {
	t.closed.Store(true)
	t.mu.Lock()
	abandoned := t.pending
	t.pending = nil
	t.mu.Unlock()
	for _, own := range abandoned {
		own.err = err
		close(own.answered)
	}
}
