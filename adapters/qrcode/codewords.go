package qrcode

// versionMax is the largest version that is drawn. Larger ones are hard to scan from a screen.
const versionMax = 20

// blocks tells, for level M of each version, how many codewords of error correction a block has and how many blocks
// there are (ISO/IEC 18004:2015, table 9).
var blocks = [versionMax + 1]struct{ correction, count int }{
	1: {10, 1},
	{16, 1},
	{26, 1},
	{18, 2},
	{24, 2},
	{16, 4},
	{18, 4},
	{22, 4},
	{22, 5},
	{26, 5},
	{30, 5},
	{22, 8},
	{22, 9},
	{24, 9},
	{24, 10},
	{28, 10},
	{28, 11},
	{26, 13},
	{26, 14},
	{26, 16},
}

// total is how many codewords of all kinds a version holds (table 1): the modules that no pattern takes, by eight.
func total(version int) int {
	modules := (16*version+128)*version + 64
	if version >= 2 {
		lines := version/7 + 2 // of alignment patterns
		modules -= (25*lines-10)*lines - 55
	}
	if version >= 7 {
		modules -= 36 // twice the version information
	}
	return modules / 8
}

// content is how many of them are data.
func content(version int) int {
	return total(version) - blocks[version].correction*blocks[version].count
}

// countBits is the width of the count of bytes (table 3).
func countBits(version int) int {
	if version < 10 {
		return 8
	}
	return 16
}

// capacity is how many bytes of text a version holds: what the mode and the count leave.
func capacity(version int) int { return (content(version)*8 - 4 - countBits(version)) / 8 }

// codewords are the data: the mode "bytes", the count, the text, four zeros for its end where there is room, and
// padding (7.4.9, 7.4.10).
func codewords(version int, text string) []byte {
	var bits bitString
	bits.append(0b0100, 4)
	bits.append(len(text), countBits(version))
	for i := range len(text) {
		bits.append(int(text[i]), 8)
	}
	bits.append(0, 4) // 4 bits of mode and 4 of end make a byte: there always is room
	for pad := 0xec; len(bits.bytes) < content(version); pad ^= 0xec ^ 0x11 {
		bits.append(pad, 8)
	}
	return bits.bytes
}

// bitString grows by its end; the highest bit of a number comes first.
type bitString struct {
	bytes []byte
	used  int
}

func (b *bitString) append(number, width int) {
	for i := width - 1; i >= 0; i-- {
		if b.used%8 == 0 {
			b.bytes = append(b.bytes, 0)
		}
		b.bytes[b.used/8] |= byte(number>>i&1) << (7 - b.used%8)
		b.used++
	}
}

// interleave divides the data into blocks, the shorter ones first, gives each its error correction, and takes from
// all of them in turn (7.6).
func interleave(version int, data []byte) []byte {
	count := blocks[version].count
	short, long := len(data)/count, len(data)%count
	generator := newGenerator(blocks[version].correction)
	parts, corrections := make([][]byte, count), make([][]byte, count)
	for i := range count {
		size := short
		if i >= count-long {
			size++
		}
		parts[i], data = data[:size], data[size:]
		corrections[i] = generator.remainder(parts[i])
	}
	return append(inTurn(parts), inTurn(corrections)...)
}

// inTurn takes the first byte of each part, then the second of each, until all are taken.
func inTurn(parts [][]byte) []byte {
	var taken []byte
	for i := range parts[len(parts)-1] {
		for _, part := range parts {
			if i < len(part) {
				taken = append(taken, part[i])
			}
		}
	}
	return taken
}

// generator is the polynomial of a Reed–Solomon code over GF(256), its highest coefficient, 1, left out.
type generator []byte

// newGenerator multiplies (x - 1)(x - 2)…(x - 2^(degree-1)).
func newGenerator(degree int) generator {
	g := make(generator, degree)
	g[degree-1] = 1
	root := byte(1)
	for range degree {
		for i := range g {
			g[i] = multiply(g[i], root)
			if i+1 < degree {
				g[i] ^= g[i+1]
			}
		}
		root = multiply(root, 2)
	}
	return g
}

// remainder is the error correction of a block: what its division by the generator leaves.
func (g generator) remainder(block []byte) []byte {
	rest := make([]byte, len(g))
	for _, b := range block {
		factor := b ^ rest[0]
		copy(rest, rest[1:])
		rest[len(rest)-1] = 0
		for i, coefficient := range g {
			rest[i] ^= multiply(coefficient, factor)
		}
	}
	return rest
}

// multiply multiplies in GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1.
func multiply(a, b byte) byte {
	var product int
	for i := 7; i >= 0; i-- {
		product <<= 1
		if product > 0xff {
			product ^= 0x11d
		}
		if b>>i&1 == 1 {
			product ^= int(a)
		}
	}
	return byte(product) //nolint:gosec // kept below 256
}
