package geoip

// section is a run of encoded values (the data of a file, or its metadata), in which pointers count from its
// beginning. Every method takes any offset and any content: what is not well-formed is not found.
type section []byte

// kind is the type of a value.
type kind uint8

// The types that are told apart; a value of another one is passed over by its size.
const (
	kindExtended  kind = 0
	kindPointer   kind = 1
	kindText      kind = 2
	kindUint16    kind = 5
	kindUint32    kind = 6
	kindMap       kind = 7
	kindUint64    kind = 9
	kindArray     kind = 11
	kindContainer kind = 12 // of the cache of a writer; not to be in a file
	kindEnd       kind = 13 // likewise
	kindBool      kind = 14 // its size is its value
	kindFloat     kind = 15 // the last
)

// value is the head of a value: its type, its size (bytes, or entries of a map or array; the place of a pointer) and where
// its content begins.
type value struct {
	kind kind
	size int
	at   int
}

// head reads the control bytes of the value at offset.
func (s section) head(offset int) (value, bool) {
	if offset < 0 || offset >= len(s) {
		return value{}, false
	}
	control, offset := s[offset], offset+1
	v := value{kind: kind(control >> 5)}
	if v.kind == kindPointer {
		return s.pointer(control, offset)
	}
	if v.kind == kindExtended {
		if offset >= len(s) || s[offset] < 1 {
			return value{}, false
		}
		v.kind, offset = kind(min(s[offset], 0xf0))+7, offset+1
	}
	v.size, v.at = int(control&0x1f), offset
	// Sizes of 29 and more go on in one to three bytes, each form beginning where the shorter one ends.
	if more := v.size - 28; more > 0 {
		if len(s)-offset < more {
			return value{}, false
		}
		base := [...]int{1: 29, 2: 285, 3: 65821}[more]
		v.size, v.at = base+int(bigEndian(s[offset:][:more])), offset+more //nolint:gosec // three bytes
	}
	return v, v.kind <= kindFloat && v.kind != kindContainer && v.kind != kindEnd && s.holds(v)
}

// holds reports whether the content of a value lies within the section.
func (s section) holds(v value) bool {
	switch v.kind {
	case kindMap, kindArray, kindBool:
		return true // their entries are looked at one by one; a bool has no content
	default:
		return v.size <= len(s)-v.at
	}
}

// pointer reads where a pointer leads. Two bits say how many bytes follow; in all forms but the longest three
// bits more are the highest of the place, and each form begins where the shorter one ends.
func (s section) pointer(control byte, offset int) (value, bool) {
	length := int(control>>3&3) + 1
	if len(s)-offset < length {
		return value{}, false
	}
	place := bigEndian(s[offset:][:length])
	if length < 4 {
		place |= uint64(control&7) << (8 * length)
		place += [...]uint64{1: 0, 2: 2048, 3: 526336}[length]
	}
	return value{kind: kindPointer, size: int(place), at: offset + length}, true //nolint:gosec // below 2^33
}

// open reads the value at offset, or the one that the pointer there leads to, which is no pointer again.
func (s section) open(offset int) (value, bool) {
	v, ok := s.head(offset)
	if ok && v.kind == kindPointer {
		v, ok = s.head(v.size)
	}
	return v, ok && v.kind != kindPointer
}

// text reads the text at offset; empty where there is none.
func (s section) text(offset int) string {
	v, ok := s.open(offset)
	if !ok || v.kind != kindText {
		return ""
	}
	return string(s[v.at:][:v.size])
}

// number reads the unsigned number at offset; 0 where there is none.
func (s section) number(offset int) uint64 {
	v, ok := s.open(offset)
	if !ok || v.size > 8 || v.kind != kindUint16 && v.kind != kindUint32 && v.kind != kindUint64 {
		return 0
	}
	return bigEndian(s[v.at:][:v.size])
}

// find gives the place of the value that the map at offset has under a name.
func (s section) find(offset int, name string) (at int, found bool) {
	m, ok := s.open(offset)
	if !ok || m.kind != kindMap {
		return 0, false
	}
	at = m.at
	for range m.size {
		key, ok := s.open(at)
		if !ok || key.kind != kindText {
			return 0, false
		}
		if at, ok = s.skip(at); !ok {
			return 0, false
		}
		if string(s[key.at:][:key.size]) == name {
			return at, true
		}
		if at, ok = s.skip(at); !ok {
			return 0, false
		}
	}
	return 0, false
}

// skip gives where the value at offset ends. Every turn of its loop passes a byte at least, and pointers are not
// followed, so that it ends on any content.
func (s section) skip(offset int) (end int, ok bool) {
	for pending := 1; pending > 0; pending-- {
		v, ok := s.head(offset)
		if !ok {
			return 0, false
		}
		offset = v.at
		switch v.kind {
		case kindMap:
			pending += 2 * v.size
		case kindArray:
			pending += v.size
		case kindPointer, kindBool:
		default:
			offset += v.size
		}
	}
	return offset, true
}

// bigEndian reads up to eight bytes.
func bigEndian(raw []byte) uint64 {
	var n uint64
	for _, octet := range raw {
		n = n<<8 | uint64(octet)
	}
	return n
}
