package geoip_test

import (
	"cmp"
	"encoding/binary"
	"strings"
)

// prefix is the one network of a file that is written here: 192.0.2.0/24, bit by bit.
const prefix = "110000000000000000000010"

// file writes a database with one network. The zero value of a field is what the format asks for.
type file struct {
	bits, version, major int
	nodes                int // more than there are
	shift                int // of where the network's record leads
	kind                 string
	record               string
	raw                  bool // record is written as it is, even empty
}

// bytes lays the file out: the tree, the gap, the data, the metadata.
func (f file) bytes() []byte {
	bits, version := cmp.Or(f.bits, 24), cmp.Or(f.version, 6)
	path := prefix
	if version != 4 {
		path = strings.Repeat("0", 96) + prefix
	}
	var tree []byte
	for i, side := range path {
		to := i + 1
		if to == len(path) {
			to = len(path) + 16 + f.shift
		}
		sides := [2]int{len(path), len(path)} // nothing
		sides[side-'0'] = to
		tree = append(tree, node(bits, sides)...)
	}
	record := f.record
	if !f.raw {
		record = mapOf("country", mapOf("iso_code", text("XY")), "city", mapOf("names", mapOf("en", text("Town"))))
	}
	// The data begin with a value, so that a tree may always lead to their first byte.
	return []byte(string(tree) + strings.Repeat("\x00", 16) + cmp.Or(record, "\x00") +
		"\xab\xcd\xefMaxMind.com" + mapOf(
		"binary_format_major_version", number(cmp.Or(f.major, 2)), "node_count", number(len(path)+f.nodes),
		"record_size", number(bits), "ip_version", number(version), "database_type", text(cmp.Or(f.kind, "Test-City"))))
}

func node(bits int, sides [2]int) []byte {
	left, right := word(sides[0]), word(sides[1])
	switch bits {
	case 28:
		middle := left[0]<<4 | right[0]&0x0f
		return append(append(append([]byte{}, left[1:]...), middle), right[1:]...)
	case 32:
		return append(left, right...)
	default:
		return append(append([]byte{}, left[1:]...), right[1:]...)
	}
}

func word(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) } //nolint:gosec // small

func number(n int) string { return "\xc4" + string(word(n)) }

// text writes a text with the shortest form of its size.
func text(content string) string {
	size := len(content)
	switch {
	case size < 29:
		return string([]byte{0x40 | byte(size)}) + content //nolint:gosec // below 29
	case size < 285:
		return "\x5d" + string(word(size - 29)[3:]) + content
	case size < 65821:
		return "\x5e" + string(word(size - 285)[2:]) + content
	default:
		return "\x5f" + string(word(size - 65821)[1:]) + content
	}
}

// mapOf writes a map of pairs: a name, and a value that is written already.
func mapOf(pairs ...string) string {
	written := string([]byte{0xe0 | byte(len(pairs)/2)})
	for i := 0; i < len(pairs); i += 2 {
		written += text(pairs[i]) + pairs[i+1]
	}
	return written
}

func cityOf(name string) string { return mapOf("city", mapOf("names", mapOf("en", text(name)))) }
