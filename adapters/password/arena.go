package password

import (
	"encoding/binary"
	"sync"
	"time"
	_ "unsafe" // for go:linkname

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/blake2b"
)

// argon2.IDKey allocates the memory of every hash anew. The garbage of one hash then lies beside the memory of
// the next, which doubles what a busy process holds, and makes the collector run once per hash, which costs a
// tenth of it. The library has no way to bring memory along. So IDKey is put together here once more, of the
// library's own parts: filling the memory, which is nearly all of the work and all of its cleverness, and the
// digests are the library's code. Tests hold the result against IDKey and RFC 9106.

// block is a block of argon2's memory (RFC 9106 §3.2).
type block [128]uint64

const (
	blockBytes = 1024
	syncPoints = 4
	argon2id   = 2
	// seedBytes is the length of H0 and of the two numbers that follow it (RFC 9106 §3.2, steps 3 and 4).
	seedBytes = blake2b.Size + 8
)

//go:linkname initHash golang.org/x/crypto/argon2.initHash
func initHash(password, salt, key, data []byte, passes, memory, threads, keyLen uint32, mode int) [seedBytes]byte

//go:linkname blake2bHash golang.org/x/crypto/argon2.blake2bHash
func blake2bHash(out, in []byte)

//go:linkname processBlocks golang.org/x/crypto/argon2.processBlocks
func processBlocks(memory []block, passes, size, threads uint32, mode int)

//go:linkname extractKey golang.org/x/crypto/argon2.extractKey
func extractKey(memory []block, size, threads, keyLen uint32) []byte

// The parts above are of version 0x13 of the algorithm; this does not compile with a library of another.
var _ [argon2.Version - 0x13]struct{}

// arena lends the memory of hashes of one size and takes it back. What nobody has wanted for a while is given
// up, so that a process at rest is small. Safe for concurrent use.
type arena struct {
	// usual is the size in blocks of what is kept: hashes of other sizes come once, and are then made anew.
	usual uint32

	mu   sync.Mutex
	free [][]block
	rest *time.Timer
}

// keepFor is how long memory lies ready for the next hash.
const keepFor = 10 * time.Second

func newArena(usual cost) *arena { return &arena{usual: usual.blocks()} }

// blocks is the memory of a hash in blocks: a multiple of four for each lane (RFC 9106 §3.2, step 2).
func (c cost) blocks() uint32 {
	lanes := uint32(c.lanes)
	return max(2, c.memory/(syncPoints*lanes)) * syncPoints * lanes
}

// idKey is argon2.IDKey with the memory of the arena.
func (a *arena) idKey(input, salt []byte, spent cost, size uint32) []byte {
	lanes, blocks := uint32(spent.lanes), spent.blocks()
	seed := initHash(input, salt, nil, nil, spent.time, spent.memory, lanes, size, argon2id)
	memory := a.take(blocks)
	defer a.give(memory)
	for lane := range lanes {
		first := memory[lane*(blocks/lanes):]
		fill(&first[0], seed, 0, lane)
		fill(&first[1], seed, 1, lane)
	}
	processBlocks(memory, spent.time, blocks, lanes, argon2id)
	return extractKey(memory, blocks, lanes, size)
}

// fill makes one of the first two blocks of a lane (RFC 9106 §3.2, steps 3 and 4).
func fill(into *block, seed [seedBytes]byte, column, lane uint32) {
	var text [blockBytes]byte
	binary.LittleEndian.PutUint32(seed[blake2b.Size:], column)
	binary.LittleEndian.PutUint32(seed[blake2b.Size+4:], lane)
	blake2bHash(text[:], seed[:])
	for i := range into {
		into[i] = binary.LittleEndian.Uint64(text[8*i:])
	}
}

// take lends memory of that many blocks, all zero.
func (a *arena) take(blocks uint32) []block {
	a.mu.Lock()
	defer a.mu.Unlock()
	last := len(a.free) - 1
	if blocks != a.usual || last < 0 {
		return make([]block, blocks)
	}
	memory := a.free[last]
	a.free = a.free[:last]
	return memory
}

// give takes memory back, erased: what comes of a password does not stay.
func (a *arena) give(memory []block) {
	clear(memory)
	if len(memory) != int(a.usual) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.free = append(a.free, memory)
	if a.rest == nil {
		a.rest = time.AfterFunc(keepFor, a.giveUp)
		return
	}
	a.rest.Reset(keepFor)
}

func (a *arena) giveUp() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.free = nil
}
