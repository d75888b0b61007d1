package password

import (
	"encoding/binary"
	"sync"
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
func initHash(password, salt, key, data []byte, time, memory, threads, keyLen uint32, mode int) [seedBytes]byte

//go:linkname blake2bHash golang.org/x/crypto/argon2.blake2bHash
func blake2bHash(out, in []byte)

//go:linkname processBlocks golang.org/x/crypto/argon2.processBlocks
func processBlocks(memory []block, time, size, threads uint32, mode int)

//go:linkname extractKey golang.org/x/crypto/argon2.extractKey
func extractKey(memory []block, size, threads, keyLen uint32) []byte

// The parts above are of version 0x13 of the algorithm; this does not compile with a library of another.
var _ [argon2.Version - 0x13]struct{}

// arena lends the memory of hashes and takes it back. What nobody wants for some collections is given up, so
// that a process at rest is small. The zero value is ready to use; safe for concurrent use.
type arena struct{ free sync.Pool }

// idKey is argon2.IDKey with the memory of the arena.
func (a *arena) idKey(input, salt []byte, spent cost, size uint32) []byte {
	lanes := uint32(spent.lanes)
	seed := initHash(input, salt, nil, nil, spent.time, spent.memory, lanes, size, argon2id)
	blocks := max(2, spent.memory/(syncPoints*lanes)) * syncPoints * lanes
	held := a.take(blocks)
	defer a.give(held)
	memory := (*held)[:blocks]
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

// take lends memory of at least that many blocks, all zero.
func (a *arena) take(blocks uint32) *[]block {
	if held, ok := a.free.Get().(*[]block); ok && uint32(len(*held)) >= blocks { //nolint:gosec // 1<<18 at most
		return held
	}
	fresh := make([]block, blocks)
	return &fresh
}

// give takes memory back, erased: what comes of a password does not stay.
func (a *arena) give(held *[]block) {
	clear(*held)
	a.free.Put(held)
}
