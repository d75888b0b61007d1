package token

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/secret"
)

// The times of the ring.
const (
	// PublishFor is how long a new key stands in the key set before it signs, so that every replica and
	// every cache of the key set knows it in time. ReloadEvery and the max-age of the key set are shorter.
	PublishFor = 10 * time.Minute
	// ReloadEvery is how often a replica reads the stored keys again.
	ReloadEvery = time.Minute
	// missEvery is how often, at the most, an unknown key id asks for a reload besides.
	missEvery = 10 * time.Second
)

// RingDeps are what a ring works with.
type RingDeps struct {
	Store  KeyStore
	Tx     core.Transactor
	Master *secret.Ring
	Clock  core.Clock
	IDs    *core.IDs
	Log    *slog.Logger
}

// RingConfig is how keys are made and how long they stay.
type RingConfig struct {
	// Algorithm is for new keys; ES256 when empty. Existing keys keep theirs.
	Algorithm Algorithm
	// TokenTTL is the longest life of a token that a key signs; AccessTTL when zero.
	TokenTTL time.Duration
	// RotateEvery is the age at which RotateDue replaces the newest key; never when zero.
	RotateEvery time.Duration
}

// Ring is the set of signing keys, in memory as of the last Load. Safe for concurrent use.
type Ring struct {
	deps   RingDeps
	config RingConfig

	state atomic.Pointer[keySet]
	epoch atomic.Uint64
	// loading keeps one reload at a time, so that an older reading never replaces a newer one.
	loading  sync.Mutex
	missedAt atomic.Int64
	missed   chan struct{}
}

// keySet is one reading of the store. It never changes.
type keySet struct {
	keys []Key // by ActiveFrom, oldest first
	byID map[string]Key
}

// NewRing makes an empty ring; Load fills it.
func NewRing(deps RingDeps, config RingConfig) *Ring {
	config.Algorithm = cmp.Or(config.Algorithm, ES256)
	config.TokenTTL = cmp.Or(config.TokenTTL, AccessTTL)
	ring := &Ring{deps: deps, config: config, missed: make(chan struct{}, 1)}
	ring.state.Store(&keySet{})
	return ring
}

// Load reads the keys at start and makes the first one when there is none: of many replicas that start at
// once one makes it, all use it. KindUnavailable when the store is away or when none of the stored keys
// opens with the master keys.
func (r *Ring) Load(ctx context.Context) error {
	if err := r.Reload(ctx); err != nil {
		return err
	}
	if len(r.state.Load().keys) == 0 {
		if err := r.makeFirst(ctx); err != nil {
			return err
		}
	}
	_, err := r.Active()
	return err
}

func (r *Ring) makeFirst(ctx context.Context) error {
	now := r.deps.Clock.Now()
	record, err := newRecord(r.deps.Master, r.deps.IDs.New().String(), r.config.Algorithm, now, now)
	if err != nil {
		return core.Internal(err)
	}
	if err := r.deps.Store.AddKey(ctx, record, true); err != nil && !errors.Is(err, core.ErrConflict) {
		return err
	}
	return r.Reload(ctx)
}

// Reload reads the stored keys again. A worker calls it every ReloadEvery and when Missed says so. When
// it fails the keys in memory stay.
func (r *Ring) Reload(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	records, err := r.deps.Store.Keys(ctx)
	if err != nil {
		return err
	}
	next := &keySet{byID: make(map[string]Key, len(records))}
	for _, record := range records {
		key, err := record.open(r.deps.Master)
		if err != nil {
			r.deps.Log.ErrorContext(ctx, "a stored signing key is unusable", "kid", record.ID, "error", err)
			continue
		}
		next.keys = append(next.keys, key)
		next.byID[key.ID] = key
	}
	slices.SortStableFunc(next.keys, byActivation)
	r.replace(next)
	return nil
}

func byActivation(a, b Key) int {
	return cmp.Or(a.ActiveFrom.Compare(b.ActiveFrom), a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
}

// replace makes next the keys in use and begins a new epoch when a key has gone.
func (r *Ring) replace(next *keySet) {
	previous := r.state.Swap(next)
	for id := range previous.byID {
		if _, kept := next.byID[id]; !kept {
			r.epoch.Add(1)
			return
		}
	}
}

// Epoch rises whenever a key has gone from the ring: what was verified in an earlier epoch has to be
// verified again.
func (r *Ring) Epoch() uint64 { return r.epoch.Load() }

// Active is the key that signs now: the one that became active last. KindUnavailable when there is none.
func (r *Ring) Active() (Key, error) {
	now := r.deps.Clock.Now()
	for _, key := range slices.Backward(r.state.Load().keys) {
		if key.signs(now, r.config.TokenTTL) {
			return key, nil
		}
	}
	return Key{}, core.Unavailable(errors.New("token: no stored signing key can be opened with the master keys"))
}

// Find gives the published key of that id. An unknown id asks, at a bounded rate, for a reload: see
// Missed.
func (r *Ring) Find(kid string) (Key, bool) {
	now := r.deps.Clock.Now()
	key, known := r.state.Load().byID[kid]
	if known {
		return key, key.Published(now)
	}
	last := r.missedAt.Load()
	if now.UnixMicro()-last >= missEvery.Microseconds() && r.missedAt.CompareAndSwap(last, now.UnixMicro()) {
		select {
		case r.missed <- struct{}{}:
		default: // one is waiting already
		}
	}
	return Key{}, false
}

// Missed receives when a token named a key that is not in memory, at most every ten seconds: the worker
// then calls Reload ahead of time.
func (r *Ring) Missed() <-chan struct{} { return r.missed }

// Published lists the keys of the key set: those that sign, wait to, or have tokens alive; oldest first.
func (r *Ring) Published() []Key {
	now := r.deps.Clock.Now()
	published := []Key{}
	for _, key := range r.state.Load().keys {
		if key.Published(now) {
			published = append(published, key)
		}
	}
	return published
}
