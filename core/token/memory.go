package token

import (
	"crypto/sha256"
	"sync"

	"github.com/doorward/doorward/core"
)

// VerifiedSize is how many tokens a VerifiedMemory holds unless told otherwise: some 500 bytes each.
const VerifiedSize = 16_384

// verifiedShards spreads the tokens over locks, so that cores do not queue behind each other.
const verifiedShards = 64

// Epoch tells when verified tokens have to be verified anew: whenever its number has changed. A Ring is
// one.
type Epoch interface {
	// Epoch is a number that rises when a key has gone. It waits for nothing.
	Epoch() uint64
}

// VerifiedMemory is a Signer that remembers the tokens whose signatures were found genuine, by SHA-256
// digest, so that one that comes again costs a digest instead of a signature check. Failures are not
// remembered, the times of a token are checked at every use, and everything is forgotten when a key
// goes. It says nothing about revocation. Safe for concurrent use.
type VerifiedMemory struct {
	Signer
	clock  core.Clock
	epoch  Epoch
	shards [verifiedShards]verifiedShard
}

// verifiedShard keeps two generations: the older one is dropped when the younger is full, which bounds
// the memory and keeps what is in use without any order to maintain on a hit.
type verifiedShard struct {
	mu    sync.RWMutex
	epoch uint64
	half  int
	young map[[sha256.Size]byte]*Claims
	old   map[[sha256.Size]byte]*Claims
	_     [64]byte // keeps two shards' locks off one cache line
}

// NewVerifiedMemory puts a memory of up to size tokens before signer. VerifiedSize when size is zero.
func NewVerifiedMemory(signer Signer, epoch Epoch, clock core.Clock, size int) *VerifiedMemory {
	if size <= 0 {
		size = VerifiedSize
	}
	memory := &VerifiedMemory{Signer: signer, clock: clock, epoch: epoch}
	for i := range memory.shards {
		memory.shards[i].half = max(1, size/verifiedShards/2)
	}
	return memory
}

// Verify gives the claims of a genuine token as Signer.Verify does. Their slices are shared between all
// callers: read them only.
func (m *VerifiedMemory) Verify(raw string) (Claims, error) {
	digest := digestOf(raw)
	epoch := m.epoch.Epoch() // before the check, so that a key that goes meanwhile makes the result stale
	shard := &m.shards[digest[0]%verifiedShards]
	if claims, young := shard.find(epoch, digest); claims != nil {
		if !m.clock.Now().Before(claims.ExpiresAt.Add(Leeway)) {
			return Claims{}, ErrExpired
		}
		if !young {
			shard.keep(epoch, digest, claims)
		}
		return *claims, nil
	}
	claims, err := m.Signer.Verify(raw)
	if err != nil {
		return Claims{}, err
	}
	shard.keep(epoch, digest, &claims)
	return claims, nil
}

// digestOf is the SHA-256 of raw, by way of the stack for tokens of the usual length.
func digestOf(raw string) [sha256.Size]byte {
	var buffer [1024]byte
	if len(raw) > len(buffer) {
		return sha256.Sum256([]byte(raw))
	}
	return sha256.Sum256(buffer[:copy(buffer[:], raw)])
}

func (s *verifiedShard) find(epoch uint64, digest [sha256.Size]byte) (claims *Claims, young bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.epoch != epoch {
		return nil, false
	}
	if claims, young = s.young[digest]; young {
		return claims, true
	}
	return s.old[digest], false
}

func (s *verifiedShard) keep(epoch uint64, digest [sha256.Size]byte, claims *Claims) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case epoch < s.epoch:
		return // verified before a key went
	case epoch > s.epoch:
		s.epoch, s.young, s.old = epoch, nil, nil
	}
	if s.young == nil || len(s.young) >= s.half {
		s.old, s.young = s.young, make(map[[sha256.Size]byte]*Claims)
	}
	s.young[digest] = claims
}
