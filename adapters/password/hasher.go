// Package password hashes passwords with argon2id (RFC 9106), a bounded number at a time, and keeps them as
// PHC strings.
//
// A hash is dear on purpose: some 20 ms of a core and 19 MiB. Unbounded, a burst of sign-ins would take all
// memory and starve every other request, so that hashes queue for as many places as the machine has cores
// to spare, and beyond the queue callers are told to come again.
//
// The memory of hashes is used again and again, so that a process holds MemoryKiB for each worker and no more.
package password

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"runtime"

	"golang.org/x/crypto/argon2"

	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/credential"
	"github.com/doorward/doorward/core/secret"
)

// The defaults of Config: what the OWASP Password Storage Cheat Sheet asks for at least, and a queue that
// a burst of sign-ins fits in.
const (
	DefaultMemoryKiB   = 19_456
	DefaultTime        = 2
	DefaultParallelism = 1
	DefaultQueue       = 256
)

// The sizes of new salts and hashes in bytes (RFC 9106 §4).
const (
	saltSize = 16
	hashSize = 32
)

// Config is what a hash costs and how many may be made. Zero values stand for the defaults.
type Config struct {
	// MemoryKiB, Time and Parallelism are the parameters of new hashes, within the bounds that New checks.
	MemoryKiB   uint32
	Time        uint32
	Parallelism uint8
	// Workers is how many hashes are made at once; one less than GOMAXPROCS, and one at least, by default,
	// so that a core stays free for requests that hash nothing.
	Workers int
	// Queue is how many callers may wait for a worker.
	Queue int
	// Pepper keys the hashes with a secret from outside the database (NIST SP 800-63B-4 §3.1.1.2), the
	// current key first, as made by secret.Ring.Derive; none when empty. A hash whose key is gone never
	// matches again.
	Pepper []secret.Derived
	// Observer hears of every hash; nobody when nil.
	Observer Observer
}

// Hasher implements credential.Hasher. Safe for concurrent use.
type Hasher struct {
	config  Config
	current cost
	decoy   phc
	queue   *queue
	arena   *arena
}

var _ credential.Hasher = (*Hasher)(nil)

// New makes a hasher. The error says which parameter is out of bounds.
func New(config Config) (*Hasher, error) {
	config = config.complete()
	current := cost{memory: config.MemoryKiB, time: config.Time, lanes: config.Parallelism}
	if err := current.check(); err != nil {
		return nil, err
	}
	return &Hasher{
		config: config, current: current,
		decoy: phc{cost: current, salt: secret.Random(saltSize), hash: secret.Random(hashSize)},
		queue: newQueue(config.Workers, config.Queue, config.Observer),
		arena: newArena(current),
	}, nil
}

func (c Config) complete() Config {
	if c.MemoryKiB == 0 {
		c.MemoryKiB = DefaultMemoryKiB
	}
	if c.Time == 0 {
		c.Time = DefaultTime
	}
	if c.Parallelism == 0 {
		c.Parallelism = DefaultParallelism
	}
	if c.Workers <= 0 {
		c.Workers = max(1, runtime.GOMAXPROCS(0)-1)
	}
	if c.Queue <= 0 {
		c.Queue = DefaultQueue
	}
	if c.Observer == nil {
		c.Observer = silent{}
	}
	return c
}

// Hash implements credential.Hasher.
func (h *Hasher) Hash(ctx context.Context, password string) (account.PasswordHash, error) {
	fresh := phc{cost: h.current, salt: make([]byte, saltSize)}
	_, _ = rand.Read(fresh.salt) // never fails: crypto/rand ends the program instead
	if len(h.config.Pepper) > 0 {
		fresh.keyID = h.config.Pepper[0].Tag[:]
	}
	err := h.queue.do(ctx, func() { fresh.hash = h.derive(password, fresh, hashSize) })
	if err != nil {
		return "", err
	}
	return account.PasswordHash(fresh.String()), nil
}

// Verify implements credential.Hasher. It tells hashes apart by the identifier that leads them: its own, and those of
// the kinds that Check names. One of another kind, beyond the bounds, or keyed with a pepper that is gone, is compared
// like no hash at all.
func (h *Hasher) Verify(ctx context.Context, password string, hash account.PasswordHash) (match, stale bool, err error) {
	stored, flaw := h.read(string(hash))
	if flaw != nil {
		stored = h.decoy
	}
	err = h.queue.do(ctx, func() {
		match = subtle.ConstantTimeCompare(h.compute(password, stored), stored.digest()) == 1 && flaw == nil
	})
	if err != nil {
		return false, false, err
	}
	return match, match && h.stale(stored), nil
}

// Waiting is how many callers wait for a worker at this moment, for metrics.
func (h *Hasher) Waiting() int { return int(h.queue.waiting.Load()) }

// Close refuses further hashes and waits for those that are running or queued, or for the end of ctx,
// whose error it then returns. Call it once.
func (h *Hasher) Close(ctx context.Context) error { return h.queue.close(ctx) }

// derive computes the hash of password with the salt, cost and pepper of stored.
func (h *Hasher) derive(password string, stored phc, size int) []byte {
	input := []byte(password)
	if stored.argon2i {
		return argon2.Key(input, stored.salt, stored.cost.time, stored.cost.memory, stored.cost.lanes, uint32(size)) //nolint:gosec // 64 at most
	}
	if key, _ := h.pepper(stored.keyID); key != nil {
		mac := hmac.New(sha256.New, key)
		mac.Write(input)
		input = mac.Sum(nil)
	}
	return h.arena.idKey(input, stored.salt, stored.cost, uint32(size)) //nolint:gosec // 64 at most
}

// pepper gives the key of that id: nil for none. It reports whether the id is empty or known.
func (h *Hasher) pepper(id []byte) ([]byte, bool) {
	if len(id) == 0 {
		return nil, true
	}
	for _, key := range h.config.Pepper {
		if bytes.Equal(key.Tag[:], id) {
			return key.Key, true
		}
	}
	return nil, false
}

// stale reports whether a new hash would be made differently.
func (h *Hasher) stale(found stored) bool {
	stored, own := found.(phc)
	if !own || stored.argon2i {
		return true
	}
	wanted := ""
	if len(h.config.Pepper) > 0 {
		wanted = string(h.config.Pepper[0].Tag[:])
	}
	return stored.cost != h.current || string(stored.keyID) != wanted || len(stored.hash) != hashSize || len(stored.salt) < saltSize
}
