package geoip

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
)

// The marks of the format (MaxMind DB File Format Specification 2.0).
const (
	// metadataMark stands before the metadata, which are the last thing of the file.
	metadataMark = "\xab\xcd\xefMaxMind.com"
	// metadataMax is the largest size of the metadata with their mark, in bytes.
	metadataMax = 128 << 10
	// gap is how many zero bytes stand between the search tree and the data, in bytes.
	gap = 16
)

// reader is a database that has been checked: every record of its tree leads to a node, to nothing, or into data.
type reader struct {
	tree       []byte
	data       section
	kind       string
	nodes      uint64
	recordBits uint64
	bits       int    // of the addresses that the tree tells apart: 32 or 128
	v4         uint64 // where the lookup of an IPv4 address begins
}

// parse checks a file and takes it apart.
func parse(content []byte) (reader, error) {
	tail := max(0, len(content)-metadataMax)
	at := bytes.LastIndex(content[tail:], []byte(metadataMark))
	if at < 0 {
		return reader{}, errors.New("no MaxMind DB: the mark of its metadata is missing")
	}
	r, err := readMetadata(section(content[tail+at+len(metadataMark):]))
	if err != nil {
		return reader{}, err
	}
	body := content[:tail+at]
	size := r.nodes * r.recordBits / 4 // two records a node; nodes are below 2^32, so this is below 2^35
	if uint64(len(body)) < size+gap {
		return reader{}, errors.New("the search tree is cut off")
	}
	if !bytes.Equal(body[size:size+gap], make([]byte, gap)) {
		return reader{}, errors.New("the search tree does not end where it should")
	}
	r.tree, r.data = body[:size], section(body[size+gap:])
	if err := r.checkTree(); err != nil {
		return reader{}, err
	}
	r.v4 = r.startOfV4()
	return r, nil
}

// readMetadata reads what a lookup needs. All of these fields are required by the specification.
func readMetadata(metadata section) (reader, error) {
	number := func(name string) uint64 {
		at, found := metadata.find(0, name)
		if !found {
			return 0
		}
		return metadata.number(at)
	}
	major, version := number("binary_format_major_version"), number("ip_version")
	r := reader{nodes: number("node_count"), recordBits: number("record_size"), bits: 32}
	if at, found := metadata.find(0, "database_type"); found {
		r.kind = metadata.text(at)
	}
	if version == 6 {
		r.bits = 128
	}
	switch {
	case major != 2:
		return reader{}, fmt.Errorf("version %d of the format, want 2", major)
	case r.recordBits != 24 && r.recordBits != 28 && r.recordBits != 32:
		return reader{}, fmt.Errorf("records of %d bits, want 24, 28 or 32", r.recordBits)
	case version != 4 && version != 6:
		return reader{}, fmt.Errorf("addresses of version %d, want 4 or 6", version)
	case r.nodes == 0 || r.nodes >= 1<<r.recordBits:
		return reader{}, fmt.Errorf("a tree of %d nodes", r.nodes)
	}
	return r, nil
}

// checkTree makes sure that no record leads out of the file.
func (r *reader) checkTree() error {
	limit := r.nodes + gap + uint64(len(r.data))
	for node := range r.nodes {
		for side := range uint64(2) {
			if to := r.record(node, side); to >= limit || to > r.nodes && to < r.nodes+gap {
				return errors.New("the search tree leads out of the data")
			}
		}
	}
	return nil
}

// record gives where one side of a node leads. The middle byte of a record pair of 28 bits holds the highest four
// bits of both: of the left one in its upper half.
func (r *reader) record(node, side uint64) uint64 {
	size := r.recordBits / 4
	raw := r.tree[node*size:][:size]
	switch r.recordBits {
	case 24:
		return bigEndian(raw[side*3:][:3])
	case 28:
		high := uint64(raw[3]>>4) << 24
		if side == 1 {
			high = uint64(raw[3]&0x0f) << 24
		}
		return high | bigEndian(raw[side*4:][:3])
	default:
		return bigEndian(raw[side*4:][:4])
	}
}

// startOfV4 follows the 96 zeros that stand before an IPv4 address in a tree of IPv6 addresses.
func (r *reader) startOfV4() uint64 {
	node := uint64(0)
	for range r.bits - 32 {
		if node >= r.nodes {
			break
		}
		node = r.record(node, 0)
	}
	return node
}

// lookup gives where in the data the record of the address begins.
func (r *reader) lookup(address netip.Addr) (offset int, found bool) {
	if !address.IsValid() || address.Is6() && r.bits == 32 {
		return 0, false
	}
	node := uint64(0)
	if address.Is4() {
		node = r.v4
	}
	for _, octet := range address.AsSlice() {
		for bit := 7; bit >= 0 && node < r.nodes; bit-- {
			node = r.record(node, uint64(octet>>bit)&1)
		}
	}
	if node <= r.nodes {
		return 0, false // nothing is known, or the tree is deeper than an address is long
	}
	return int(node - r.nodes - gap), true //nolint:gosec // an index into memory, see checkTree
}

// text follows a path of names through maps from offset, and gives the text at its end, empty where there is none.
func (r *reader) text(offset int, path ...string) string {
	for _, name := range path {
		var found bool
		if offset, found = r.data.find(offset, name); !found {
			return ""
		}
	}
	return r.data.text(offset)
}
